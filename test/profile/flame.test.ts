import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fromFolded, toFlameGraph } from "spool/profile";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((p) =>
  existsSync(p),
);
const skip = CHROMIUM === undefined && process.env["CI"] === undefined ? "no Chromium here" : false;
const now = fromFolded(
  "main thread;main (/srv/app.js:1);hot (/srv/app.js:5) 750\n" +
    "main thread;main (/srv/app.js:1);cold (/srv/app.js:9) 150\n" +
    'thread 1 "</script>";hot (/srv/app.js:5) 100\n',
);
const earlier = fromFolded(
  "main thread;main (/srv/app.js:1);hot (/srv/app.js:3) 250\nmain thread;main (/srv/app.js:1);cold (/srv/app.js:9) 750\n",
);

let directory: string;
before(() => {
  directory = mkdtempSync(join(tmpdir(), "spool-flame-"));
});
after(() => rmSync(directory, { recursive: true, force: true }));

test("the page needs nothing but itself", () => {
  const html = toFlameGraph(now, { title: "a <b> title", notes: ["x & y"] });
  assert.doesNotMatch(html, /(src|href)=["']?(https?:)?\/\//);
  assert.match(html, /default-src 'none'/);
  assert.match(html, /<title>a &lt;b&gt; title<\/title>/);
  assert.equal(html.split("</script>").length, 3, "no text of the data ends the script element");
});

test("a browser draws it: table, totals, no error", { skip }, async () => {
  const dom = await inBrowser(toFlameGraph(now, { title: "t" }), "");
  assert.match(dom, /<td>85\.0 %<\/td><td>850 samples<\/td><td>85\.0 %<\/td><td>850 samples<\/td><td>hot \(/);
  assert.match(dom, /<canvas id="flame"[^>]*height="\d{2,}"/);
});

test("search says how much matches, also when the graph is inverted", { skip }, async () => {
  const dom = await inBrowser(toFlameGraph(now, { title: "t" }), "#search=cold&invert");
  assert.match(dom, /Matched: 15\.0 % of all/);
  assert.match(dom, /id="invert" aria-pressed="true"/);
  assert.doesNotMatch(dom, /<td>hot \(/);
});

test("a comparison shows by how much each share changed", { skip }, async () => {
  const dom = await inBrowser(toFlameGraph(now, { title: "t", before: earlier }), "#theme=dark");
  assert.match(dom, /Orange: more than before\. Blue: less\./);
  assert.match(dom, /<td>−60\.0 %<\/td><td>cold/);
  assert.match(dom, /data-theme="dark"/);
});

/** The page's document after its script has run. */
async function inBrowser(html: string, hash: string): Promise<string> {
  const page = join(directory, "flame.html");
  writeFileSync(page, html);
  const profile = mkdtempSync(join(directory, "profile-"));
  const args = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    `--user-data-dir=${profile}`,
    "--virtual-time-budget=1000",
    "--dump-dom",
    `file://${page}${hash}`,
  ];
  return new Promise((resolve, reject) => {
    execFile(CHROMIUM!, args, { maxBuffer: 1 << 24 }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
  });
}
