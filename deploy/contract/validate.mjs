// Called by ./validate, which installs what is required here. Prints what is wrong; exits 1 when anything is.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.ASYNCAPI_TOOLS, "node_modules", "-"));
const { Parser } = require("@asyncapi/parser");
const { default: Ajv } = require("ajv");
const { default: addFormats } = require("ajv-formats");

const ERROR = 0;
const LEVELS = ["error", "warning", "info", "hint"];

/** What the examples of a document break of their own payload schemas, one line each. */
function exampleFaults(document) {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
  addFormats(ajv);
  const faults = [];
  for (const message of document.allMessages()) {
    const fits = ajv.compile(message.payload().json());
    const examples = message.examples().all();
    if (examples.length === 0) faults.push(`${message.name()} has no example`);
    for (const example of examples) {
      if (fits(example.payload())) continue;
      for (const { instancePath, message: why } of fits.errors) {
        faults.push(`example of ${message.name()}: ${instancePath || "/"} ${why}`);
      }
    }
  }
  return faults;
}

const parser = new Parser();

/** Everything that is found in a document: its diagnostics, what its examples break, and the document. */
async function examine(text) {
  const { document, diagnostics } = await parser.parse(text);
  const faults = document ? exampleFaults(document) : ["not a usable AsyncAPI document"];
  const count = faults.length + diagnostics.filter(({ severity }) => severity === ERROR).length;
  return { document, diagnostics, faults, count };
}

// A validator that finds nothing anywhere would pass everything: it must judge these three rightly first.
const trial = (action, example) =>
  JSON.stringify({
    asyncapi: "3.0.0",
    info: { title: "trial", version: "1.0.0" },
    channels: {
      c: { address: "a", messages: { m: { payload: { type: "integer" }, examples: [{ payload: example }] } } },
    },
    operations: { o: { action, channel: { $ref: "#/channels/c" } } },
  });
for (const [what, text, faulty] of [
  ["a sound document", trial("send", 1), false],
  ["an unknown action", trial("shout", 1), true],
  ["an example that does not fit", trial("send", "one"), true],
]) {
  if ((await examine(text)).count > 0 !== faulty) {
    console.log(`validate: does not judge ${what} rightly, so it cannot be relied on`);
    process.exit(2);
  }
}

let errors = 0;
for (const file of process.argv.slice(2)) {
  const { document, diagnostics, faults, count } = await examine(await readFile(file, "utf8"));
  for (const { severity, message, path, range } of diagnostics) {
    console.log(`${file}:${range.start.line + 1}: ${LEVELS[severity]}: ${message} (${path.join(".")})`);
  }
  for (const fault of faults) console.log(`${file}: error: ${fault}`);
  if (count === 0) console.log(`${file}: valid, ${document.allMessages().length} messages`);
  errors += count;
}
process.exitCode = errors ? 1 : 0;
