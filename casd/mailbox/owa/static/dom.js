// Elements made and found, without a word of HTML in any script.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element. Properties: class, text, dataset, on (events), style (custom properties), all else attributes. */
export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) set(element, key, value);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function set(element, key, value) {
  if (key === "class") element.className = value;
  else if (key === "text") element.textContent = value;
  else if (key === "dataset") Object.assign(element.dataset, value);
  else if (key === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
  else if (key === "style") for (const [name, it] of Object.entries(value)) element.style.setProperty(name, it);
  else if (value === true) element.setAttribute(key, "");
  else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
}

/** Make one of the icons that stand in the page. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** Make a button that shows an icon alone. */
export function iconButton(name, label, click, properties = {}) {
  return el("button", { type: "button", class: "icon", "aria-label": label, title: label, on: { click }, ...properties }, icon(name));
}

/** Find the first element that matches. */
export const $ = (selector, root = document) => root.querySelector(selector);
