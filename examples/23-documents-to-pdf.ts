/** Documents to PDF, several at once, through a Pool and LibreOffice where it is installed. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Pool } from "spool/multiprocessing";

const office = "soffice";
if (spawnSync(office, ["--version"]).status !== 0) {
  console.log("LibreOffice is not installed: nothing converted");
} else {
  const directory = mkdtempSync(join(tmpdir(), "documents-"));
  const documents = [1, 2, 3].map((i) => {
    const path = join(directory, `document${i}.txt`);
    writeFileSync(path, `Document ${i}\n`);
    return path;
  });
  const pool = new Pool(2);
  const pdfs = await pool.map((path: string) => {
    // LibreOffice runs once per profile, so each conversion brings its own.
    const profile = `-env:UserInstallation=file://${path}.profile`;
    execFileSync("soffice", [
      profile,
      "--headless",
      "--convert-to",
      "pdf",
      "--outdir",
      join(path, ".."),
      path,
    ]);
    return path.replace(/\.txt$/, ".pdf");
  }, documents);
  console.log(
    pdfs
      .filter((path) => existsSync(path))
      .map((path) => basename(path))
      .join(" "),
  );
  pool.close();
  await pool.join();
  rmSync(directory, { recursive: true });
}
