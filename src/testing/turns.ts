/** One turn of the event loop; every promise chain that can move has moved when it is over. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Whether Node has requests under way (files, names, connects, writes) whose answers will move something. */
export function pendingRequests(): boolean {
  return process.getActiveResourcesInfo().some((type) => REQUEST.test(type));
}

const REQUEST =
  /Req(Promise|Callback|Wrap)?$|^(TCPConnectWrap|PipeConnectWrap|WriteWrap|ShutdownWrap|Zlib|.*Job)$/;
