// Validate docs/asyncapi.yaml with the official parser: make asyncapi
import { fromFile, Parser } from "@asyncapi/parser";

const { document, diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
const faults = diagnostics.filter((each) => each.severity < 2);
for (const fault of faults) console.error(`${fault.path.join(".")}: ${fault.message}`);
if (!document || faults.length) process.exit(1);
console.log(`${process.argv[2]} is valid.`);
