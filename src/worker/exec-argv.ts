/** Node options of this process that make sense in a child: not a debugger's port, nor a script given on the line. */
export function childExecArgv(): string[] {
  const kept: string[] = [];
  let value = false;
  for (const argument of process.execArgv) {
    // The script of `--eval` may be an argument of its own.
    if (!value && !PARENT_ONLY.test(argument)) kept.push(argument);
    value = WITH_VALUE.test(argument);
  }
  return kept;
}

const PARENT_ONLY = /^(-e|-p|-pe|--(inspect|test|watch|input-type|eval|print)(\b|-|=|$))/;
const WITH_VALUE = /^(-e|-p|-pe|--eval|--print|--input-type)$/;
