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

/** Currencies that locales have signs for; others are named by their code. */
const CURRENCIES =
  "AUD BRL CAD CNY EUR GBP HKD ILS INR JPY KRW MXN NZD PHP THB TWD USD VND XAF XCD XOF XPF".split(" ");

/** Style sheets of packages that a page's parts bring along. */
const OF_PACKAGES = { admin: ["uplot/dist/uPlot.min.css"] };

rmSync(DIST, { recursive: true, force: true });
mkdirSync(DIST, { recursive: true });
const LANGUAGE_BUNDLES = await bundleLanguages();
const pages = readdirSync(STATIC).filter((name) => name.endsWith(".html"));
const manifest = {};
for (const page of pages.sort()) manifest[page] = await bundlePage(page);
writeJson("manifest.json", manifest);
writeJson("texts.json", await textsOfLanguages());

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
    plugins: [languagesAsBundles()],
  });
  const [path, entry] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === script);
  const imports = entry.imports.filter(({ kind }) => kind === "import-statement");
  const preloads = imports.map((imported) => basename(imported.path));
  return {
    script: basename(path),
    preloads,
    languages: Object.values(outputs).some(({ inputs }) => "texts/texts.js" in inputs)
      ? LANGUAGE_BUNDLES
      : {},
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

/** Bundle each language by itself, for all pages. Return the names of the bundles by language. */
async function bundleLanguages() {
  const folder = join(STATIC, "texts/languages");
  const { LANGUAGES } = await import(pathToFileURL(join(folder, "languages.js")));
  const found = {};
  for (const code of Object.keys(LANGUAGES)) {
    const entryPoints = [join(folder, `${code}.js`)];
    const { outputs } = await write({ ...OPTIONS, entryPoints, format: "esm", entryNames: "text-[name]-[hash]" });
    found[code] = basename(Object.keys(outputs)[0]);
  }
  return found;
}

/** Resolve imports of languages to their bundles: an esbuild plugin. */
function languagesAsBundles() {
  return {
    name: "languages",
    setup: ({ onResolve }) =>
      onResolve({ filter: /^\.\/\w+\.js$/ }, ({ path, kind, importer }) =>
        kind === "dynamic-import" && importer.endsWith("/languages/languages.js")
          ? { path: `./${LANGUAGE_BUNDLES[basename(path, ".js")]}`, external: true }
          : undefined,
      ),
  };
}

/** Return for each language every text that is a plain string by its dotted path. */
async function textsOfLanguages() {
  const folder = pathToFileURL(join(STATIC, "texts/languages/"));
  const { LANGUAGES } = await import(new URL("languages.js", folder));
  const found = {};
  for (const language of Object.keys(LANGUAGES)) {
    const { texts } = await LANGUAGES[language]();
    found[language] = { ...plainTexts(texts), ...namesOfDates(texts.locale), ...formsOfMoney(texts.locale) };
  }
  return found;
}

/** Return the strings in a table of texts by their dotted paths. */
function plainTexts(texts) {
  const found = {};
  const walk = (value, path) => {
    if (typeof value === "string") found[path.join(".")] = value;
    else if (value && typeof value === "object") {
      for (const [name, inner] of Object.entries(value)) walk(inner, [...path, name]);
    }
  };
  walk(texts, []);
  return found;
}

/** Return weekdays from Monday, months, and the year of 2000 in the calendar of a locale. */
function namesOfDates(locale) {
  const format = (options, ...date) =>
    new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC" }).formatToParts(Date.UTC(...date));
  const part = (parts, type) => parts.find((one) => one.type === type).value;
  const full = { weekday: "long", day: "numeric", month: "long" };
  const found = { "dates.year2000": part(format({ year: "numeric", numberingSystem: "latn" }, 2000, 6), "year") };
  for (let at = 0; at < 7; at++) found[`dates.weekdays.${at}`] = part(format(full, 2024, 0, 1 + at), "weekday");
  for (let at = 0; at < 12; at++) found[`dates.months.${at}`] = part(format(full, 2024, at, 1), "month");
  return found;
}

/** Return how a locale writes amounts: its separators, and a form for each currency. */
function formsOfMoney(locale) {
  const formOf = (currency) => {
    const parts = new Intl.NumberFormat(locale, { style: "currency", currency }).formatToParts(1);
    const inAmount = ["integer", "decimal", "fraction"];
    const form = parts.map(({ type, value }) => (inAmount.includes(type) ? "#" : value)).join("");
    return form.replace(/#+/, "{amount}");
  };
  const other = formOf("CHF").replace("CHF", "{code}");
  const many = new Intl.NumberFormat(locale, { minimumFractionDigits: 2 }).formatToParts(1234567);
  const found = { "money.other": other };
  for (const type of ["group", "decimal"]) found[`money.${type}`] = many.find((one) => one.type === type).value;
  for (const currency of CURRENCIES) found[`money.${currency}`] = formOf(currency);
  return found;
}

function writeJson(name, value) {
  writeFileSync(join(DIST, name), `${JSON.stringify(value, null, 1)}\n`);
}
