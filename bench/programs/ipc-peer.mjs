/** The other end of Node's own channel: sends `count` messages of `size` bytes, or echoes, as it is told. */
process.on("message", ({ op, count, size, value }) => {
  if (op === "echo") process.send(value);
  else for (let i = 0; i < count; i++) process.send(new Uint8Array(size));
});
