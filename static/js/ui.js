// Small things that every part uses: words, toasts, announcements, posting.
const strings = document.getElementById("strings")?.dataset ?? {}

export const shell = document.querySelector(".shell")

export function words(key, values = {}) {
  return (strings[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "")
}

export function announce(text) {
  const region = document.getElementById("announcer")
  if (region) region.textContent = text
}

export function alarm(text) {
  const region = document.getElementById("alerts")
  if (region) region.textContent = text
}

export function toast(text, { tone = "info", link = "" } = {}) {
  const box = document.getElementById("toasts")
  if (!box) return
  const item = document.createElement("div")
  item.className = "toast"
  item.dataset.tone = tone
  const label = document.createElement("span")
  label.textContent = text
  item.append(label)
  if (link) {
    const open = document.createElement("a")
    open.href = link
    open.textContent = words("open")
    item.append(open)
  }
  const close = document.createElement("button")
  close.type = "button"
  close.className = "icon-btn"
  close.textContent = "×"
  close.setAttribute("aria-label", words("dismiss"))
  close.addEventListener("click", () => item.remove())
  item.append(close)
  box.append(item)
  if (tone !== "bad") setTimeout(() => item.remove(), 8000)
}

export function csrf() {
  return JSON.parse(document.body.getAttribute("hx-headers:inherited") ?? "{}")["X-CSRFToken"] ?? ""
}

export async function post(url, values, options = {}) {
  const body = new URLSearchParams(values)
  const answer = await fetch(url, { ...options, method: "POST", body, headers: { "X-CSRFToken": csrf(), "HX-Request": "true" } })
  if (!answer.ok) throw new Error(String(answer.status))
  return answer
}

export function clock(date = new Date()) {
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
}

export function debounced(wait, run) {
  let timer = 0
  return (...given) => {
    clearTimeout(timer)
    timer = setTimeout(() => run(...given), wait)
  }
}

// Commands of <button commandfor>, where the browser doesn't know them yet.
if (!("commandForElement" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[commandfor]")
    const target = button && document.getElementById(button.getAttribute("commandfor"))
    if (target?.showModal && button.getAttribute("command") === "show-modal") target.showModal()
    if (target?.close && button.getAttribute("command") === "close") target.close()
  })
}
