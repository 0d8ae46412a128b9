/**
 * testing - layer 8: the test kit for code that waits. A virtual clock that jumps when everything is blocked, a
 * sequencer, wait-until-all-blocked, a leak check. Imports core and asyncio; nothing imports it.
 * Begin with virtual-clock.ts.
 */
export { noLeaks } from "./no-leaks.ts";
export { Sequencer } from "./sequencer.ts";
export { VirtualClock, type VirtualClockOptions, withVirtualClock } from "./virtual-clock.ts";
export { waitAllBlocked } from "./wait-all-blocked.ts";
