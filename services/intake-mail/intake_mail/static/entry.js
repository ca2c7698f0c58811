// A letter's register entry: corrected by new versions, each with a reason.

import { LETTERS, call } from "./api.js";
import { byId, fill, make, valuesOf } from "./build.js";
import { day, moment, t } from "./texts.js";

const changesOf = (form, entry) =>
  Object.fromEntries(Object.entries(valuesOf(form)).filter(([name, value]) => name in entry && value !== (entry[name] ?? (typeof value === "string" ? "" : null))));

export const isChanged = (form, letter) => Object.keys(changesOf(form, letter.entry)).length > 0;

/** A new version of what differs. Raises Away and Problem (412: somebody else was faster). */
export const correct = async (form, letter) => {
  const json = { ...changesOf(form, letter.entry), reason: form.elements.reason.value.trim() };
  const headers = { "If-Match": `"${letter.version}"` };
  return (await call("PATCH", `${LETTERS}/${letter.letter_id}/entry`, { json, headers })).body;
};

const fieldText = (name, value) => {
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  return name.endsWith("_on") ? day(value) : value || "–";
};

/** What a version changed, in words. */
const differences = (version, before) =>
  Object.keys(version.entry)
    .filter((name) => before && version.entry[name] !== before.entry[name])
    .map((name) => `${t(name)}: ${fieldText(name, before.entry[name])} → ${fieldText(name, version.entry[name])}`);

const versionLine = (version, n, versions) =>
  make(
    "li",
    { value: version.version },
    `${moment(version.at)}, ${version.by}${version.reason ? `: ${version.reason}` : ""}`,
    ...differences(version, versions[n - 1]).map((text) => make("span.change", {}, text)),
  );

/** The dialog; resolves to the corrected letter, or null. */
export const ask = (letter) => {
  const dialog = byId("correct-dialog");
  const form = dialog.querySelector("form");
  fill(form, { ...letter.entry, reason: "" });
  byId("versions").replaceChildren(...letter.versions.map(versionLine));
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve, reject) => {
    dialog.addEventListener(
      "close",
      () => {
        if (dialog.returnValue !== "yes" || !isChanged(form, letter)) resolve(null);
        else correct(form, letter).then(resolve, reject);
      },
      { once: true },
    );
  });
};
