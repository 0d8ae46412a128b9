// A fixed amount of the work that services do: parse, change and print JSON, keep some of it. Prints CPU seconds.
const text = JSON.stringify(
  Array.from({ length: 200 }, (_, i) => ({
    id: i,
    name: `name ${i}`,
    tags: ["a", "b", `c${i}`],
    nested: { x: i, y: [i, i + 1] },
  })),
);
const kept = [];

function work(round) {
  const rows = JSON.parse(text);
  for (const row of rows) row.name = `${row.name} in round ${round}`;
  const index = new Map(rows.map((row) => [row.name, row]));
  if (round % 50 === 0) kept.push(index);
  return JSON.stringify([...index.values()]).length;
}

for (let round = 0; round < 300; round++) work(round);
const before = process.cpuUsage();
for (let round = 0; round < Number(process.argv[2] ?? 3000); round++) work(round);
const { user, system } = process.cpuUsage(before);
process.stdout.write(`cpu ${(user + system) / 1e6}\n`);
