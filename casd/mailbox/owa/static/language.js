// The language, the time zone and the words of this page. Words are in one file for each language.

const LANGUAGES = ["en", "de", "fr"];

let words = {};
let plurals = null;
let numbers = null;

export let language = "en";
export let locale = "en";
export let zone = "UTC";

/** Learn a language and a time zone; what is empty is the browser's own. */
export async function speak({ language: chosen = "", zone: place = "" }) {
  const asked = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => LANGUAGES.includes(tag));
  language = chosen || asked || "en";
  locale = navigator.languages.find((tag) => tag.startsWith(language)) ?? language;
  zone = place || Intl.DateTimeFormat().resolvedOptions().timeZone;
  plurals = new Intl.PluralRules(language);
  numbers = new Intl.NumberFormat(locale);
  words = await (await fetch(new URL(`language.${language}.json`, import.meta.url))).json();
  document.documentElement.lang = language;
}

/** Say something: `{name}` stands for a value, and `count` decides between one and many. */
export function t(key, values = {}) {
  const found = words[key] ?? key;
  const text = typeof found === "string" ? found : found[plurals.select(values.count)] ?? found.other;
  return text.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? numbers.format(values[name]) : values[name] ?? ""));
}

/** Say it if there is a word for it. */
export const maybe = (key) => (key in words ? t(key) : "");

/** Put words where the document asks for them: `data-t` for text, `data-t-label` and `data-t-placeholder`. */
export function localise(root = document) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-placeholder]")) element.placeholder = t(element.dataset.tPlaceholder);
  for (const element of root.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
    if (element.classList.contains("icon")) element.title = t(element.dataset.tLabel);
  }
}
