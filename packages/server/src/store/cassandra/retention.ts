/** Ten years: nodes count expiry in seconds that end in 2038. */
export const CLUSTER_RETENTION_DAYS_MAX = 3650;
