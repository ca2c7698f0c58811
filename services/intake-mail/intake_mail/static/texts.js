// What the page says, in the reader's language, and how it writes days.

const language = document.documentElement.lang;
const { texts, day: pattern, months } = await (await fetch(`/mailroom/texts?lang=${language}`)).json();

export { language };

export const t = (name, values = {}) => {
  if (!(name in texts)) throw new Error(`no text: ${name}`);
  return texts[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
};

const written = (year, month, day) =>
  pattern.replace(/'([^']*)'|MMM|dd?|y/g, (token, quoted) => {
    if (quoted !== undefined) return quoted;
    if (token === "MMM") return months[month - 1];
    return token === "y" ? String(year) : String(day).padStart(token.length, "0");
  });

/** `2026-11-23` as the reader writes it; nothing for null. */
export const day = (iso) => (iso ? written(...iso.slice(0, 10).split("-").map(Number)) : "");

// Where the mailroom is, whatever this computer thinks.
const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: document.getElementById("mailroom").dataset.zone,
  ...{ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
});
const partsOf = (at) => Object.fromEntries(clock.formatToParts(at).map(({ type, value }) => [type, value]));

/** A moment as the reader writes it. */
export const moment = (iso) => {
  if (!iso) return "";
  const { year, month, day: dayOfMonth, hour, minute } = partsOf(new Date(iso));
  return `${written(Number(year), Number(month), Number(dayOfMonth))}, ${hour}:${minute}`;
};

/** Today, as `2026-11-23`. */
export const today = () => {
  const { year, month, day: dayOfMonth } = partsOf(new Date());
  return `${year}-${month}-${dayOfMonth}`;
};
