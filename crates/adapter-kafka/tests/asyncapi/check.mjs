// Reads an AsyncAPI document with AsyncAPI's own parser, and fails where it finds an error or warns.
//
//   node check.mjs FOLDER_OF_PACKAGES DOCUMENT

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [packages, file] = process.argv.slice(2);
const require = createRequire(join(resolve(packages), "package.json"));
const { Parser } = require("@asyncapi/parser");
const { ProtoBuffSchemaParser } = require("@asyncapi/protobuf-schema-parser");

// Severities of the parser: 0 an error, 1 a warning, 2 information, 3 a hint.
const WARNING = 1;
// What is no fault, each with its reason.
const EXCUSED = {};

async function parsed(document) {
  const parser = new Parser();
  parser.registerSchemaParser(ProtoBuffSchemaParser());
  return parser.parse(JSON.stringify(document), { source: file });
}

const told = ({ code, message, path }) => `${code} at ${path.join(".")}: ${message}`;
const counts = ({ code, severity }) => severity <= WARNING && !(code in EXCUSED);

const text = readFileSync(file, "utf8");
const { document, diagnostics } = await parsed(JSON.parse(text));
for (const one of diagnostics) console.log(`${["error", "warning", "information", "hint"][one.severity]}: ${told(one)}`);
const wrong = diagnostics.filter(counts);
const unused = Object.keys(EXCUSED).filter((code) => !diagnostics.some((one) => one.code === code));
if (unused.length > 0) throw new Error(`nothing is excused by ${unused}`);

// Mistakes that must be seen, each where it is: a check that finds nothing has checked nothing. What is no
// protobuf stops the parser, so it stands alone.
const mistakes = [
  {
    "channels.events.bindings.kafka.partitions": (broken) => (broken.channels.events.bindings.kafka.partitions = "six"),
    "components.schemas.Amount.minimum": (broken) => (broken.components.schemas.Amount.minimum = "none"),
  },
  { "": (broken) => (broken.components.messages.StockFact.payload.schema = "message {") },
];
for (const together of mistakes) {
  const broken = JSON.parse(text);
  for (const make of Object.values(together)) make(broken);
  const seen = (await parsed(broken)).diagnostics.filter(counts).map(({ path }) => path.join("."));
  for (const place of Object.keys(together)) {
    if (!seen.includes(place)) throw new Error(`a mistake at "${place}" goes unseen: ${seen}`);
  }
}

const count = document?.allMessages().length ?? 0;
console.log(`${file}: ${count} messages, ${wrong.length} faults; every mistake made on purpose was seen`);
process.exit(wrong.length > 0 || count === 0 ? 1 : 0);
