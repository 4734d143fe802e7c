/** Building and updating parts of the page without ever parsing text as HTML. */

const seen = new WeakMap();

/** An element: `el("li", {class: "us"}, child, "text")`. Properties that are false or null are left out. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "click") element.addEventListener("click", value);
    else if (name === "change") element.addEventListener("change", value);
    else if (name === "checked") element.checked = value;
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Make the children of `parent` show `items`; what didn't change stays as it is, with its focus. */
export function sync(parent, items, key, build) {
  const old = new Map([...parent.children].map((child) => [seen.get(child)?.key, child]));
  items.forEach((item, place) => {
    const id = key(item);
    const sign = JSON.stringify(item);
    let child = old.get(id);
    old.delete(id);
    if (!child || seen.get(child).sign !== sign) {
      const fresh = build(item);
      seen.set(fresh, { key: id, sign });
      if (child) replace(child, fresh);
      child = fresh;
    }
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
  });
  for (const gone of old.values()) gone.remove();
}

function replace(child, fresh) {
  const focused = child.contains(document.activeElement);
  child.replaceWith(fresh);
  if (focused) fresh.querySelector("button, input")?.focus();
}

/** Which PMS the page is about; the address says so. */
export const PMS = new URLSearchParams(location.search).get("pms") ?? "guesty";

/** A control request about the PMS of the page. */
export function control(method, path, body) {
  return ask(method, `/${PMS}${path}`, body);
}

/** A control request; answers the parsed body, throws an Error with the server's reason. */
export async function ask(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "content-type": "application/json" };
  }
  const answer = await fetch(`/_control${path}`, options);
  const value = await answer.json().catch(() => ({ error: `${answer.status}` }));
  if (!answer.ok) throw new Error(value.error);
  return value;
}

/** The filled-in fields of a form. */
export function filled(form) {
  return Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
}

/** A text whose addresses can be opened. */
export function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part, place) =>
    place % 2 ? el("a", { href: part, target: "_blank", rel: "noreferrer" }, part) : part);
}

/** `09:41:03` of the browser's zone, with the day in front if it isn't today's. */
export function clock(iso) {
  const at = new Date(iso);
  const time = at.toLocaleTimeString("en-GB");
  const day = at.toLocaleDateString("en-GB", { day: "2-digit", month: "short" });
  return at.toDateString() === new Date().toDateString() ? time : `${day} ${time}`;
}
