// CSV as the import commands read it: UTF-8 without BOM, header row, comma, double quotes where needed, LF.

import fs from 'node:fs';

const quoted = (value) => {
  const text = value === undefined || value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export function csv_text(columns, rows) {
  const lines = rows.map((row) => columns.map((column) => quoted(row[column])).join(','));
  return `${columns.join(',')}\n${lines.join('\n')}\n`;
}

// Objects by column name. Throws on a row with another number of fields than the header.
export function csv_read(path) {
  const records = csv_records(fs.readFileSync(path, 'utf8'));
  const [columns, ...rows] = records;
  return rows.map((fields, i) => {
    if (fields.length !== columns.length) throw new Error(`${path}: row ${i + 2} has ${fields.length} fields`);
    return Object.fromEntries(columns.map((column, k) => [column, fields[k]]));
  });
}

function csv_records(text) {
  const records = [];
  let fields = [];
  let field = '';
  let inside = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (inside) {
      if (c !== '"') field += c;
      else if (text[i + 1] === '"') field += text[++i];
      else inside = false;
    } else if (c === '"') inside = true;
    else if (c === ',') (fields.push(field), (field = ''));
    else if (c === '\n') (fields.push(field), records.push(fields), (fields = []), (field = ''));
    else if (c !== '\r') field += c;
  }
  if (field !== '' || fields.length > 0) records.push([...fields, field]);
  return records;
}
