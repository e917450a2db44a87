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

// Mistakes that must be seen, else a check that finds nothing has checked nothing.
const mistakes = {
  "an unknown action": (broken) => (Object.values(broken.operations)[0].action = "recieve"),
  "a binding of the wrong type": (broken) => (broken.channels.events.bindings.kafka.partitions = "six"),
  "a message that is not there": (broken) => (broken.channels.events.messages.x = { $ref: "#/components/messages/x" }),
  "an example that its schema refuses": (broken) =>
    (broken.components.messages["payment.captured.v1"].examples[0].payload.amount = -1),
  "a schema that is none": (broken) => (broken.components.schemas.Amount.minimum = "none"),
  "protobuf that is none": (broken) => (broken.components.messages.StockFact.payload.schema = "message {"),
};
for (const [what, make] of Object.entries(mistakes)) {
  const broken = JSON.parse(text);
  make(broken);
  const seen = (await parsed(broken)).diagnostics.filter(counts);
  if (seen.length === 0) throw new Error(`${what} goes unseen`);
}

const count = document?.allMessages().length ?? 0;
console.log(`${file}: ${count} messages, ${wrong.length} faults; ${Object.keys(mistakes).length} mistakes on purpose seen`);
process.exit(wrong.length > 0 || count === 0 ? 1 : 0);
