// The bell: how much is unread, what is new as a toast, and, if a person asked for it, as a notification of the browser.
import { shell, toast, alarm, post, debounced } from "./ui.js"
import { on } from "./live.js"

const bell = () => document.getElementById("bell")
const menu = () => document.getElementById("notices")

function show(unread) {
  const count = document.getElementById("bell-count")
  count.hidden = unread === 0
  count.textContent = unread > 99 ? "99+" : String(unread)
  const label = unread ? bell().dataset.some.replace("{n}", unread) : bell().dataset.none
  document.getElementById("bell-words").textContent = unread ? bell().dataset.unread : ""
  bell().title = label
}

export const countNotices = debounced(200, async () => {
  if (!bell()) return
  const answer = await fetch("/notices/count/", { headers: { "HX-Request": "true" } }).catch(() => null)
  // An expired session leads to the sign-in page, which the session module asks for in place.
  if (answer?.ok && !answer.redirected) show((await answer.json()).unread)
})

const refresh = () => menu()?.dispatchEvent(new CustomEvent("bellhop:notices"))

function told(event) {
  countNotices()
  if (menu()?.matches(":popover-open")) refresh()
  if (event.quiet) return
  toast(event.title, { tone: event.tone, link: event.link })
  if (event.tone === "bad") alarm(event.title)
  notify(event)
}

// Never the words of a message on a lock screen, unless the person chose so.
function notify(event) {
  const how = shell.dataset.browserNotices
  if (how === "off" || document.hasFocus() || !("Notification" in window) || Notification.permission !== "granted") return
  const shown = new Notification("Bellhop", { body: how === "text" ? event.title : event.plain, tag: event.id })
  shown.addEventListener("click", () => {
    window.focus()
    location.assign(event.link)
  })
}

// The browser is asked only here, by a click.
async function choose(how) {
  if (how !== "off" && (!("Notification" in window) || (await Notification.requestPermission()) !== "granted")) {
    document.getElementById("browser-blocked").hidden = false
    return
  }
  await post("/notices/browser/", { how })
  shell.dataset.browserNotices = how
  refresh()
}

export function start() {
  if (!bell()) return
  on("alert", told)
  on("refresh", countNotices)
  menu().addEventListener("beforetoggle", (event) => event.newState === "open" && refresh())
  document.addEventListener("htmx:after:swap", (event) => event.detail.ctx?.target?.id === "notices" && countNotices())
  document.addEventListener("click", (event) => {
    const browser = event.target.closest("[data-browser]")
    if (browser) choose(browser.dataset.browser)
  })
  countNotices()
}
