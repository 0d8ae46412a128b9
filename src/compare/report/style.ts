/**
 * The style sheet of the report. The colours of the models are Okabe and Ito's, which people with any of the common
 * colour deficiencies tell apart; shapes, dashes and labels say the same thing once more.
 */
export const STYLE: string = `
:root { color-scheme: light dark; --bg: #fdfdfc; --fg: #1b1d21; --faint: #5d636e; --line: #d9dce1; --card: #f3f4f6;
  --serial: #7a7f87; --event-loop: #0072b2; --threads: #d55e00; --threads-async: #cc79a7; --processes: #009e73;
  --celery: #009e73; --custom: #56b4e9; --send: #e69f00; --compute: #0072b2; --receive: #cc79a7; --low: #fff1d6; --low-edge: #e69f00; }
@media (prefers-color-scheme: dark) { :root { --bg: #15171b; --fg: #e8eaee; --faint: #9aa2ae; --line: #343942;
  --card: #1e2127; --serial: #9ba1aa; --event-loop: #56b4e9; --threads: #f08c3c; --threads-async: #dc9cc0;
  --processes: #35c59a; --celery: #2fd6a3; --custom: #f0e442; --compute: #56b4e9; --low: #3a2f14; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 820px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 1.5rem; } h2 { margin: 2.4rem 0 0.2rem; font-size: 1.25rem; } h3 { margin: 0.8rem 0 0.2rem; font-size: 0.9rem; }
h2 small { margin-left: 0.5em; color: var(--faint); font-weight: normal; }
.facts, figcaption, footer { color: var(--faint); } figcaption b { color: var(--fg); }
.verdict { margin: 0.8rem 0 1.4rem; padding: 0.8rem 1rem; background: var(--card); border-left: 4px solid var(--event-loop); border-radius: 4px; }
.verdict p { margin: 0.2rem 0; } .answer { font-size: 1.2rem; font-weight: 600; } .gain { color: var(--faint); }
.low { margin: 0.5rem 0; padding: 0.4rem 0.7rem; background: var(--low); border: 1px solid var(--low-edge); border-radius: 4px; }
ul { margin: 0.3rem 0; padding-left: 1.2rem; }
figure { margin: 1.4rem 0; } svg { display: block; width: 100%; height: auto; margin-top: 0.4rem; overflow: visible; }
svg text { fill: var(--fg); font: 12px system-ui, sans-serif; } svg text.faint { fill: var(--faint); } svg text.strong { font-weight: 700; }
.grid { stroke: var(--line); } .whisker { stroke: var(--fg); stroke-width: 1.5; }
.ideal { stroke: var(--faint); stroke-dasharray: 5 4; stroke-width: 1.5; } .curve { fill: none; stroke-width: 2.5; }
${["serial", "event-loop", "threads", "threads-async", "processes", "celery", "custom"]
  .map((kind) => `.fill-${kind} { fill: var(--${kind}); } .stroke-${kind} { stroke: var(--${kind}); }`)
  .join("\n")}
.phase-send { fill: var(--send); } .phase-compute { fill: var(--compute); } .phase-receive { fill: var(--receive); }
.odd { opacity: 0.6; } .overlap { opacity: 0.25; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { padding: 0.25rem 0.6rem; border-bottom: 1px solid var(--line); text-align: right; } th:first-child { text-align: left; }
footer { margin-top: 2rem; font-size: 13px; }
`;
