// Reading a table of numbers from text, carefully: nothing is dropped without being counted.

export const MOST_ROWS = 2000;
const SHOWN_LINES = 5;

/** Split text into rows of fields; quotes may hold separators, line breaks and doubled quotes. */
export function split(text, separator) {
  const rows = [];
  let fields = [];
  let field = "";
  let quoted = false;
  let wasQuoted = false;
  let line = 1;
  let first = 1;
  const endField = () => {
    fields.push(wasQuoted ? field : field.trim());
    field = "";
    wasQuoted = false;
  };
  const endRow = () => {
    endField();
    if (fields.length > 1 || fields[0] !== "") rows.push({ line: first, fields });
    fields = [];
  };
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "\n") line += 1;
    if (quoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (character === '"' && field.trim() === "") {
      [quoted, wasQuoted, field] = [true, true, ""];
    } else if (character === separator || (separator === " " && character === "\t")) {
      // Any run of blanks separates once.
      if (separator !== " " || field !== "" || wasQuoted) endField();
    } else if (character === "\n" || character === "\r") {
      if (character === "\r" && text[at + 1] === "\n") {
        at += 1;
        line += 1;
      }
      if (separator === " " && field === "" && fields.length) field = fields.pop();
      endRow();
      first = line;
    } else if (!wasQuoted) field += character;
  }
  if (field !== "" || fields.length) endRow();
  return { rows, open: quoted };
}

/** The separator: the one of tab, semicolon, comma that is in the most of the first lines; else blanks. */
export function separatorOf(text) {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim()).slice(0, 20);
  const unquoted = lines.map((line) => line.replace(/"[^"]*"/g, ""));
  // "1,5 2,5": what is between blanks is a number with a decimal comma.
  const paired = unquoted.filter((line) => /^\s*[+-]?\d+,\d+(?:[ \t]+[+-]?\d+,\d+)+\s*$/.test(line));
  if (paired.length > lines.length / 2) return " ";
  const having = (mark) => unquoted.filter((line) => line.includes(mark)).length;
  for (const mark of ["\t", ";", ","]) if (having(mark) > lines.length / 2) return mark;
  return " ";
}

/** A field as a finite number, or NaN. With decimal comma "1,5" is 1.5, and "1.234" could be either: NaN. */
export function numberOf(field, decimalComma) {
  if (decimalComma && field.includes(".")) return NaN;
  const text = (decimalComma ? field.replace(",", ".") : field).replace("−", "-").trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return NaN;
  const value = Number(text);
  return Number.isFinite(value) ? value : NaN;
}

/** Whether commas are decimal marks in a column: they do not separate fields, and no number of it has a point. */
function hasDecimalComma(rows, at, separator) {
  if (separator === ",") return false;
  const texts = rows.map(({ fields }) => fields[at] ?? "");
  const some = texts.some((text) => /^[+-]?\d*,\d+(e[+-]?\d+)?$/i.test(text));
  return some && !texts.some((text) => /^[+-]?\d*\.\d+(e[+-]?\d+)?$/i.test(text));
}

/**
 * Read a table: {columns: [{name, numbers}], rows: [{line, fields: [number]}], separator, decimalComma, header, open}.
 * `numbers` counts the rows with a number in the column.
 */
export function readTable(content) {
  const text = content.replace(/^\uFEFF/, "");
  const separator = separatorOf(text);
  const { rows, open } = split(text, separator);
  const widest = rows.reduce((most, { fields }) => Math.max(most, fields.length), 0);
  const commas = Array.from({ length: widest }, (_, at) => hasDecimalComma(rows, at, separator));
  const decimalComma = commas.includes(true);
  const parsed = rows.map(({ line, fields }) => ({
    line, texts: fields, fields: fields.map((field, at) => numberOf(field, commas[at])),
  }));
  const header = parsed.length > 0 && parsed[0].fields.every(Number.isNaN);
  const names = header ? parsed.shift().texts : [];
  const width = parsed.reduce((most, row) => Math.max(most, row.fields.length), 0);
  const columns = Array.from({ length: width }, (_, at) => ({
    name: names[at] || "", numbers: parsed.filter((row) => Number.isFinite(row.fields[at])).length,
  }));
  return { columns, rows: parsed, separator, decimalComma, header, open };
}

/** The two columns to begin with: the first two that are mostly numbers; null if there are not two. */
export function firstTwo(table) {
  const good = table.columns.map((column, at) => ({ at, share: column.numbers / Math.max(1, table.rows.length) }))
    .filter(({ share }) => share > 0).sort((a, b) => (b.share > 0.5) - (a.share > 0.5) || a.at - b.at);
  return good.length < 2 ? null : [good[0].at, good[1].at].sort((a, b) => a - b);
}

/** {points, skipped, lines, total}: the rows with two numbers in columns a and b; `lines` are the first that have not. */
export function pointsOf(table, [a, b]) {
  const points = [];
  const lines = [];
  let skipped = 0;
  for (const { line, fields } of table.rows) {
    const [x, y] = [fields[a], fields[b]];
    if (Number.isFinite(x) && Number.isFinite(y)) points.push([x, y]);
    else {
      skipped += 1;
      if (lines.length < SHOWN_LINES) lines.push(line);
    }
  }
  return { points: evenly(points, MOST_ROWS), total: points.length, skipped, lines };
}

/** At most `most` of a list, drawn evenly along it. */
export function evenly(list, most) {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, i) => list[Math.floor(i * list.length / most)]);
}
