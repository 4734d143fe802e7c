// Posting to the board: an answer in JSON, or that there is no line.
import { shell } from "../ui.js"

export class NoLine extends Error {}
// The server is there and fails at just this.
export class Fails extends NoLine {}

const form = () => document.getElementById("act")
const token = () => form()?.elements.csrfmiddlewaretoken

async function once(url, body, html) {
  const headers = { Accept: html ? "text/html" : "application/json", "X-CSRFToken": token()?.value ?? "" }
  try {
    return await fetch(url, { method: "POST", body, headers, redirect: "manual" })
  } catch {
    throw new NoLine()
  }
}

// Signing in changes the token that posts carry: the page takes the new one over, if it is still the same person's.
async function refreshed() {
  try {
    const answer = await fetch(location.href, { cache: "no-store" })
    const page = new DOMParser().parseFromString(await answer.text(), "text/html")
    const isMine = page.querySelector(".shell")?.dataset.user === shell.dataset.user
    const fresh = isMine && page.querySelector("#act [name=csrfmiddlewaretoken]")?.value
    if (fresh && token()) token().value = fresh
    return Boolean(fresh)
  } catch {
    throw new NoLine()
  }
}

// {status, told}, or text for told with `html`; status 0: signed out, or somebody else is in. Raises NoLine, also while the server is away, and Fails.
export async function post(url, values, { html = false } = {}) {
  const body = values instanceof FormData ? values : new URLSearchParams(values)
  let answer = await once(url, body, html)
  if (answer.type === "opaqueredirect") return { status: 0, told: {} }
  if (answer.status === 403) {
    if (!(await refreshed())) return { status: 0, told: {} }
    answer = await once(url, body, html)
  }
  if (answer.type === "opaqueredirect") return { status: 0, told: {} }
  const isJson = answer.headers.get("Content-Type")?.includes("json")
  if (answer.status === 500 && !isJson) throw new Fails()
  if (answer.status >= 500 && !isJson) throw new NoLine()
  if (html) return { status: answer.status, text: await answer.text() }
  return { status: answer.status, told: isJson ? await answer.json() : {} }
}

export const newToken = () =>
  [...crypto.getRandomValues(new Uint8Array(12))].map((one) => one.toString(16).padStart(2, "0")).join("")

export const fixed = () => ({ property: form()?.elements.property.value ?? "", day: form()?.elements.day.value ?? "" })

export const unitUrl = (unit) => `${shell.dataset.scope}units/${unit}/`
