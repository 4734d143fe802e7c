// A guest's conversation, in the chat's frame and on the portal's page: shown once, sent once, live by socket, by asking
// where there is none. Everything that others wrote is set as text, never as markup.
const FIRST_WAIT = 500
const LONGEST_WAIT = 15000
const PING_EVERY = 25000
const POLL_EVERY = 8000
const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g

export const newId = () =>
  crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")

export function element(tag, values = {}, ...children) {
  const made = Object.assign(document.createElement(tag), values)
  made.append(...children)
  return made
}

function linked(text) {
  const parts = []
  let at = 0
  for (const found of text.matchAll(LINK)) {
    parts.push(text.slice(at, found.index))
    parts.push(element("a", { href: found[0], textContent: found[0], target: "_blank", rel: "noopener noreferrer nofollow" }))
    at = found.index + found[0].length
  }
  return [...parts, text.slice(at)]
}

function fileLine(file, words) {
  if (!file.url) {
    const word = ["refused", "failed"].includes(file.state) ? words.refused : words.checking
    return element("span", {}, `${file.name || words.file} (${word})`)
  }
  const link = element("a", { href: file.url, target: "_blank", rel: "noopener noreferrer" })
  if (file.picture) link.append(element("img", { src: file.picture, alt: file.alt || file.name || words.file, width: Math.min(240, file.width || 240), loading: "lazy" }))
  else link.textContent = file.name || words.file
  return link
}

// `options`: list, log, words, ask(after), write(message), seen(keys, state), socket (address), zone (of the
// property; the reader's own unless told), hello() (or null: no
// socket yet), onState(state), onUnread(n), onEnd().
export class Talk {
  constructor(options) {
    Object.assign(this, options)
    this.rows = new Map()
    this.after = ""
    this.told = { delivered: new Set(), read: new Set() }
    this.isSeen = true
    this.wait = FIRST_WAIT
    this.outbox = []
  }

  // --- showing ---
  show(snapshot) {
    const atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 80
    for (const message of snapshot.messages) this.upsert(message)
    const keyed = snapshot.messages.filter((message) => message.key)
    if (keyed.length) this.after = keyed.at(-1).key
    if (atEnd) this.toEnd()
    this.report()
    this.onState?.(snapshot.state)
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight
  }

  upsert(message) {
    const id = message.mine && message.client_id ? message.client_id : message.key
    const known = this.rows.get(id)
    const print = JSON.stringify([message.text, message.key, message.failed, message.sending, message.files.map((file) => [file.name, file.state])])
    if (known?.print === print) return
    const row = this.render(message)
    if (known) known.row.replaceWith(row)
    else this.place(row, message.at)
    this.rows.set(id, { row, print, message })
  }

  place(row, at) {
    row.dataset.at = at
    const later = [...this.list.children].find((other) => other.dataset.at && Date.parse(other.dataset.at) > Date.parse(at))
    this.list.insertBefore(row, later ?? null)
  }

  render(message) {
    const row = element("li", { className: "chat-msg" })
    row.dataset.at = message.at
    if (message.mine) row.dataset.mine = ""
    if (message.failed) row.dataset.failed = ""
    const time = element("time", { dateTime: message.at, textContent: this.clock(message.at) })
    row.append(element("span", { className: "who" }, `${message.mine ? this.words.you : message.name || this.words.team}, `, time))
    row.append(element("div", { className: "said", dir: "auto" }, ...linked(message.text)))
    if (message.files.length) row.append(element("div", { className: "files" }, ...message.files.map((file) => fileLine(file, this.words))))
    if (message.failed) {
      const again = element("button", { type: "button", textContent: this.words.retry })
      again.addEventListener("click", () => this.send(message))
      row.append(element("span", { className: "state" }, `${this.words.failed} ${message.why ?? ""}`, again))
    } else if (message.sending) row.append(element("span", { className: "state", textContent: this.words.sending }))
    return row
  }

  clock(at) {
    const moment = new Date(at)
    const far = Date.now() - moment > 20 * 3600 * 1000
    return moment.toLocaleString(document.documentElement.lang, far ? { dateStyle: "medium", timeStyle: "short", timeZone: this.zone } : { timeStyle: "short", timeZone: this.zone })
  }

  unread() {
    return [...this.rows.values()].filter(({ message }) => !message.mine && message.key && !this.told.read.has(message.key) && message.receipt && message.receipt !== "read").length
  }

  // What arrived here, and what somebody looks at.
  report() {
    const theirs = [...this.rows.values()].map(({ message }) => message).filter((message) => !message.mine && message.key && message.receipt)
    const state = this.isSeen && document.visibilityState === "visible" ? "read" : "delivered"
    const fresh = theirs.filter((message) => message.receipt !== "read" && (state === "read" || message.receipt !== "delivered") && !this.told[state].has(message.key))
    for (const message of fresh) this.told[state].add(message.key)
    if (fresh.length) this.tell(fresh.map((message) => message.key), state)
    this.onUnread?.(this.isSeen ? 0 : this.unread())
  }

  tell(keys, state) {
    if (this.isLive()) this.line.send(JSON.stringify({ type: "seen", keys: keys.slice(0, 50), state }))
    else this.seen(keys, state).catch(() => undefined)
  }

  // --- sending: the same id however often it is tried ---
  async send(message) {
    Object.assign(message, { mine: true, key: "", sending: true, failed: false, at: message.at ?? new Date().toISOString() })
    this.upsert(message)
    this.toEnd()
    let problem = ""
    try {
      problem = await this.write(message)
    } catch {
      problem = this.words.offline
      if (!this.outbox.includes(message)) this.outbox.push(message)
    }
    Object.assign(message, { sending: false, failed: Boolean(problem), why: problem })
    if (!this.rows.get(message.client_id)?.message.key) this.upsert(message)
    if (!problem) {
      this.outbox = this.outbox.filter((one) => one !== message)
      this.connect()
      if (!this.isLive()) this.poll()
    }
    return !problem
  }

  flush() {
    for (const message of this.outbox.splice(0)) this.send(message)
  }

  // --- the line ---
  isLive() {
    return this.line?.readyState === WebSocket.OPEN && this.isReady
  }

  start() {
    addEventListener("online", () => this.connect())
    document.addEventListener("visibilitychange", () => this.report())
    setInterval(() => this.isLive() && this.line.send('{"type":"ping"}'), PING_EVERY)
    setInterval(() => !this.isLive() && document.visibilityState === "visible" && this.poll(), POLL_EVERY)
    this.connect()
  }

  connect() {
    const hello = this.hello()
    if (!hello || (this.line && this.line.readyState < WebSocket.CLOSING)) return
    const line = (this.line = new WebSocket(this.socket))
    this.isReady = false
    line.addEventListener("open", () => line.send(JSON.stringify({ type: "hello", after: this.after, ...hello })))
    line.addEventListener("message", (event) => this.hear(line, JSON.parse(event.data)))
    line.addEventListener("close", (event) => this.lost(line, event.code))
  }

  hear(line, told) {
    if (line !== this.line) return
    if (told.type === "ready") {
      this.isReady = true
      this.wait = FIRST_WAIT
      this.flush()
    } else if (told.type === "shown") {
      line.send(JSON.stringify({ type: "got", n: told.n }))
      this.show(told)
    } else if (told.type === "typing") this.onTyping?.()
  }

  lost(line, code) {
    if (line !== this.line) return
    this.line = null
    if (code === 4401) {
      this.poll()
      return
    }
    setTimeout(() => this.connect(), this.wait * (0.5 + Math.random()))
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT)
  }

  async poll() {
    if (!this.hello()) return
    try {
      const snapshot = await this.ask(this.after)
      if (snapshot) {
        this.show(snapshot)
        this.flush()
      } else this.onEnd?.()
    } catch {
      // The line is down: asked again in a moment.
    }
  }

  stop() {
    this.line?.close()
    this.line = null
  }

  clear() {
    this.stop()
    this.rows.clear()
    this.list.replaceChildren()
    this.after = ""
    this.outbox = []
    this.told = { delivered: new Set(), read: new Set() }
  }
}

// Files that wait for their message: chosen or pasted, each kept at once.
export class Uploads {
  constructor(list, words, most, keep, onProblem) {
    Object.assign(this, { list, words, most, keep, onProblem, files: [] })
  }

  async add(files) {
    for (const file of files) {
      if (this.files.length >= this.most) return
      const line = element("li", {}, element("span", { textContent: file.name || this.words.file }))
      const entry = { name: file.name || this.words.file, line, token: "" }
      const remove = element("button", { type: "button", textContent: "×", ariaLabel: this.words.remove.replace("%(name)s", entry.name) })
      remove.addEventListener("click", () => this.drop(entry))
      line.append(remove)
      this.files.push(entry)
      this.list.append(line)
      entry.done = this.keep(file).then((token) => (entry.token = token))
      try {
        await entry.done
      } catch (error) {
        this.drop(entry)
        this.onProblem(error.message || this.words.offline)
      }
    }
  }

  drop(entry) {
    this.files = this.files.filter((one) => one !== entry)
    entry.line.remove()
  }

  async take() {
    await Promise.allSettled(this.files.map((entry) => entry.done))
    const taken = this.files.filter((entry) => entry.token)
    for (const entry of taken) this.drop(entry)
    return taken
  }
}

// The text field grows with its text; Enter sends, Shift+Enter begins a line.
export function field(text, form) {
  const grow = () => {
    text.style.height = "auto"
    text.style.height = `${Math.min(text.scrollHeight + 2, 160)}px`
  }
  text.addEventListener("input", grow)
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return
    event.preventDefault()
    form.requestSubmit()
  })
  return grow
}
