import { serve, throwAway } from "./null-http.ts";

/** A bare `node:http` server until it is ended. */
serve(throwAway);
