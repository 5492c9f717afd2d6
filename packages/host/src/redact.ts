const SHORTEST = 4;

/**
 * Takes secrets out of a text that another program wrote. Values of fewer than four characters stay:
 * without them no text would be readable.
 */
export function createRedactor(values: Iterable<string>): (text: string) => string {
  const found = new Set<string>();
  for (const value of values) {
    // As it is, and as it looks inside JSON.
    for (const form of [value, JSON.stringify(value).slice(1, -1)]) {
      if (form.length >= SHORTEST) found.add(form);
    }
  }
  // A value may be a part of another.
  const longestFirst = [...found].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((clean, form) => clean.replaceAll(form, '[secret]'), text);
}
