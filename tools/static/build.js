// The build of static/dist: bundles every page's script and styles, and lists texts for the server.
// `node build.js [folder]` writes to the folder, static/dist without one.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";

const STATIC = resolve(fileURLToPath(import.meta.url), "../../../static");
const DIST = resolve(process.argv[2] ?? join(STATIC, "dist"));
const OPTIONS = {
  absWorkingDir: STATIC,
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  charset: "utf8",
  target: ["es2022", "chrome100", "firefox100", "safari15.4"],
  legalComments: "none",
  loader: { ".svg": "dataurl" },
  nodePaths: [resolve(fileURLToPath(import.meta.url), "../node_modules")],
  outdir: DIST,
  entryNames: "[name]-[hash]",
  chunkNames: "part-[hash]",
  logLevel: "warning",
};

/** Style sheets of packages that a page's parts bring along. */
const OF_PACKAGES = { admin: ["uplot/dist/uPlot.min.css"] };

rmSync(DIST, { recursive: true, force: true });
mkdirSync(DIST, { recursive: true });
const pages = readdirSync(STATIC).filter((name) => name.endsWith(".html"));
const manifest = {};
for (const page of pages.sort()) manifest[page] = await bundlePage(page);
writeJson("manifest.json", manifest);
writeJson("texts.json", await textsOf(join(STATIC, "texts/en.js")));

/** Bundle the script and the styles that a page names. Return its entry of the manifest. */
async function bundlePage(page) {
  const html = readFileSync(join(STATIC, page), "utf8");
  const [, script] = html.match(/<script type="module" src="\/static\/([^"]+)"/);
  const styles = [...html.matchAll(/<link rel="stylesheet" href="\/static\/([^"]+)"/g)];
  const { outputs } = await write({
    ...OPTIONS,
    entryPoints: [script],
    format: "esm",
    splitting: true,
  });
  const [path, entry] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === script);
  const imports = entry.imports.filter(({ kind }) => kind === "import-statement");
  return {
    script: basename(path),
    preloads: imports.map((imported) => basename(imported.path)),
    style: await bundleStyles(
      basename(page, ".html"),
      styles.map(([, name]) => name),
    ),
  };
}

/** Bundle style sheets in this order. Return the name of the one that they become. */
async function bundleStyles(name, sheets) {
  const all = [...(OF_PACKAGES[name] ?? []), ...sheets.map((sheet) => `./${sheet}`)];
  const contents = all.map((sheet) => `@import "${sheet}";`).join("\n");
  const { outputs } = await write({
    ...OPTIONS,
    stdin: { contents, loader: "css", resolveDir: STATIC, sourcefile: `${name}.css` },
    entryNames: `${name}-[hash]`,
  });
  return basename(Object.keys(outputs)[0]);
}

/** Run a build, and write what it makes. Return its metafile. */
async function write(options) {
  const { outputFiles, metafile } = await build(options);
  for (const { path, contents } of outputFiles) {
    writeFileSync(join(DIST, relative(DIST, path)), contents);
  }
  return metafile;
}

/** Return every text that is a plain string by its dotted path, but none of the operators'. */
async function textsOf(module) {
  const { en } = await import(pathToFileURL(module));
  const found = {};
  const walk = (value, path) => {
    if (typeof value === "string") found[path.join(".")] = value;
    else if (value && typeof value === "object") {
      for (const [name, inner] of Object.entries(value)) walk(inner, [...path, name]);
    }
  };
  walk({ ...en, admin: undefined }, []);
  return found;
}

function writeJson(name, value) {
  writeFileSync(join(DIST, name), `${JSON.stringify(value, null, 1)}\n`);
}
