/** Name, labels and value of every sample. */
export function samplesOf(
  text: string,
): { name: string; labels: [string, string][]; value: number }[] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [, name = "", labels = "", value = ""] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)];
    return {
      name,
      labels: pairs.map(([, label = "", said = ""]) => [label, said]),
      value: Number(value.replace("Nan", "NaN")),
    };
  });
}

/** Value of one series, labels included, or null when there is none. */
export function sampleOf(text: string, series: string): number | null {
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
}

/** Results that uploads are counted by. */
export function resultsOf(text: string): readonly string[] {
  return [...text.matchAll(/^glowworm_uploads_total\{code="([^"]*)"\}/gm)].map(
    ([, result = ""]) => result,
  );
}
