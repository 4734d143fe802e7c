// Taps that wait for a line, in their order, kept in the browser until the server has them.
import { shell } from "../ui.js"

const PLACE = `bellhop.board.${shell?.dataset.user ?? ""}`

function read() {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? "[]")
  } catch {
    return []
  }
}

function write(taps) {
  localStorage.setItem(PLACE, JSON.stringify(taps))
}

export const waiting = () => read()

// Is it kept? A full phone, or a private window, keeps nothing.
export function add(tap) {
  try {
    write([...read(), tap])
    return true
  } catch {
    return false
  }
}

export function drop(token) {
  write(read().filter((tap) => tap.token !== token))
}

// Does a new one have to wait behind these? One that the server fails at holds up its own unit only.
export const holdsUp = (unit) => read().some((tap) => !tap.fails || tap.unit === unit)

// One after the other. `send` answers "done", "drop", "stop", or "pass": then those of other units go first. What is not
// done stays, in its order.
let running = null

export function replay(send) {
  running ??= (async () => {
    const passed = new Set()
    const next = () => read().find((tap) => !passed.has(tap.unit))
    for (let tap = next(); tap; tap = next()) {
      const answer = await send(tap)
      if (answer === "stop") return
      if (answer === "pass") {
        passed.add(tap.unit)
        write(read().map((one) => (one.token === tap.token ? { ...one, fails: true } : one)))
      } else drop(tap.token)
    }
  })().finally(() => (running = null))
  return running
}
