// A big program: the TypeScript compiler in JavaScript (a script of 9 MB, the path is given) checks a file again and
// again. Over IPC it answers any message with how often it has.
const ts = require(process.argv[2]);

const source = Array.from(
  { length: 200 },
  (_, i) => `interface A${i}<T> { value: T; next?: A${i}<T[]> }
export const f${i} = <T extends { id: number }>(x: A${i}<T>): number => x.value.id + (x.next ? 1 : "a".length);`,
).join("\n");

let rounds = 0;
function check() {
  const file = ts.createSourceFile("a.ts", source, ts.ScriptTarget.Latest, true);
  const host = {
    getSourceFile: (name) => (name === "a.ts" ? file : undefined),
    getDefaultLibFileName: () => "lib.d.ts",
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    fileExists: (name) => name === "a.ts",
    readFile: () => undefined,
    writeFile() {},
  };
  ts.createProgram(["a.ts"], { noLib: true, noEmit: true }, host).getSemanticDiagnostics();
  rounds++;
  setImmediate(check);
}

process.on("message", () => process.send(rounds));
process.on("disconnect", () => process.exit());
process.stdout.write("ready\n");
check();
