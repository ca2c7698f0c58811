// Elements from data. Text only ever becomes text: nothing is parsed as HTML.

/** `make("p.quiet", {lang: "kk"}, "words", child)`. Functions become listeners (`onclick`). */
export const make = (what, attributes = {}, ...children) => {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  element.classList.add(...classes);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
};

export const byId = (id) => document.getElementById(id);

/** Sets text only where it differs, so that live regions don't say it again. */
export const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/** A form's fields as the API takes them: ticks as true/false, empty days as null. */
export const valuesOf = (form) => {
  const values = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.type === "checkbox") values[field.name] = field.checked;
    else values[field.name] = field.type === "date" && !field.value ? null : field.value;
  }
  return values;
};

/** Fills a form, except the field that somebody is in. */
export const fill = (form, values, { spare = () => false } = {}) => {
  for (const field of form.elements) {
    if (!field.name || !(field.name in values) || spare(field)) continue;
    const value = values[field.name];
    if (field.type === "checkbox") field.checked = value === true;
    else if (field.value !== (value ?? "")) field.value = value ?? "";
  }
};
