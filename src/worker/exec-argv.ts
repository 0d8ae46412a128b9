/** Node options of this process that make sense in a child: not a debugger's port, nor a script given on the line. */
export function childExecArgv(): string[] {
  return process.execArgv.filter((arg, i, all) => {
    if (PARENT_ONLY.test(arg)) return false;
    // The script of `--eval`, the value of `--test-name-pattern`: an argument of its own.
    const before = all[i - 1] ?? "";
    return !SCRIPT.test(before) && (arg.startsWith("-") || !PARENT_ONLY.test(before));
  });
}

/**
 * The same for a thread: undefined (it has them all) unless this program came from the command line. A thread refuses
 * what belongs to the whole process, so that only what decides how modules are found and loaded is kept.
 */
export function threadExecArgv(): string[] | undefined {
  const { execArgv } = process;
  if (!execArgv.some((arg) => arg.startsWith("--input-type"))) return undefined;
  return execArgv.filter((arg, i) => LOADING.test(arg) || VALUE_FOLLOWS.test(execArgv[i - 1] ?? ""));
}

const PARENT_ONLY = /^(-e|-p|-pe|--(inspect|test|watch|input-type|eval|print)(\b|-|=|$))/;
const SCRIPT = /^(-e|-p|-pe|--eval|--print)$/;
const LOADING =
  /^(-C|--conditions|-r|--require|--import|--loader|--experimental-loader|--enable-source-maps|--no-warnings)(=|$)/;
const VALUE_FOLLOWS = /^(-C|--conditions|-r|--require|--import|--loader|--experimental-loader)$/;
