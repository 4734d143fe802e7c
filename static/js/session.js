// A session that ended: sign in again in place, and everything on the screen stays as it is.
import { words, toast, csrf, shell } from "./ui.js"

const LOGIN = "/accounts/login/"
const dialog = () => document.getElementById("again")
let afterwards = []

export const whenBack = (run) => afterwards.push(run)

export function signedOut() {
  if (dialog() && !dialog().open) {
    dialog().showModal()
    document.getElementById("again-password").focus()
  }
}

function complain(text) {
  const place = document.getElementById("again-error")
  place.textContent = text
  place.hidden = !text
}

const parsed = async (url) => new DOMParser().parseFromString(await (await fetch(url)).text(), "text/html")

// Signing in, here or in another tab, changes the token that posts carry: the page takes the new one over.
// Answers whether this is still the same person's page.
async function refreshToken() {
  const fresh = await parsed(location.href)
  const headers = fresh.body.getAttribute("hx-headers:inherited")
  if (!headers || fresh.querySelector(".shell")?.dataset.user !== shell?.dataset.user) return false
  document.body.setAttribute("hx-headers:inherited", headers)
  return true
}

// A refusal may mean that the session is gone: the token is checked before anything else.
export async function checkSession() {
  if (!(await refreshToken())) signedOut()
  return !dialog().open
}

async function goOn() {
  if (!(await refreshToken())) return location.reload()
  dialog().close()
  for (const run of afterwards) run()
  return undefined
}

async function signIn(event) {
  event.preventDefault()
  complain("")
  try {
    const page = await parsed(LOGIN)
    const token = page.querySelector("[name=csrfmiddlewaretoken]")?.value ?? csrf()
    const body = new URLSearchParams({ ...Object.fromEntries(new FormData(event.target)), csrfmiddlewaretoken: token })
    const headers = { "X-Requested-With": "XMLHttpRequest", Accept: "application/json" }
    const answer = await fetch(LOGIN, { method: "POST", body, headers })
    const told = await answer.json()
    document.getElementById("again-password").value = ""
    if (!answer.ok) return complain(reasons(told.form))
    // A second factor is a page of its own; what was typed is kept meanwhile.
    if (told.location?.includes("/2fa/")) return void location.assign(`${told.location}?next=${encodeURIComponent(location.pathname)}`)
    return await goOn()
  } catch {
    return complain(words("error0"))
  }
}

function reasons(form) {
  const all = [...(form?.errors ?? []), ...Object.values(form?.fields ?? {}).flatMap((field) => field.errors)]
  return all.join(" ") || words("error0")
}

// Every status has its own words; what was typed is still there.
export async function failed(status) {
  document.querySelectorAll("[data-optimistic]").forEach((bubble) => bubble.remove())
  if (status === 401) return signedOut()
  if (status === 403 && !(await checkSession())) return undefined
  const key = status >= 500 ? "error5xx" : `error${status || 0}`
  const text = words(key)
  return toast(text === key ? words("error", { status }) : text, { tone: "bad" })
}

export function start() {
  dialog()?.querySelector("form").addEventListener("submit", signIn)
}
