/* Bellhop chat, loader 1. A button on the page; the chat is a frame of Bellhop's own, made when it is first wanted.
   Nothing of the page is read but its address and title, and only messages of that frame and that origin are heard. */
(function () {
  "use strict"
  var script = document.currentScript
  if (!script || !script.dataset.key || window.bellhopChat) return
  var key = script.dataset.key
  var base = new URL(script.src).origin
  var language = (script.dataset.lang || document.documentElement.lang || navigator.language || "en").slice(0, 2).toLowerCase()
  var WORDS = {
    en: { open: "Open chat", close: "Close chat", chat: "Chat", unread: function (n) { return n + (n === 1 ? " unread message" : " unread messages") } },
    es: { open: "Abrir el chat", close: "Cerrar el chat", chat: "Chat", unread: function (n) { return n + (n === 1 ? " mensaje sin leer" : " mensajes sin leer") } }
  }
  var words = WORDS[language] || WORDS.en
  var colour = /^#[0-9a-f]{6}$/i.test(script.dataset.color || "") ? script.dataset.color : "#0f5c55"
  var identity = script.dataset.identity || ""
  var isOpen = false, isReady = false, unread = 0, frame = null, queue = []

  // --- what the page's own storage keeps, where it lets us ---
  function name(what) { return "bellhop.chat." + key + "." + what }
  function recall(what) { try { return localStorage.getItem(name(what)) || "" } catch { return "" } }
  function keep(what, value) {
    try {
      if (value) localStorage.setItem(name(what), value)
      else localStorage.removeItem(name(what))
      return true
    } catch { return false }
  }

  // --- what is seen ---
  function element(tag, attributes, style) {
    var made = document.createElement(tag)
    for (var attribute in attributes) made.setAttribute(attribute, attributes[attribute])
    Object.assign(made.style, style || {})
    return made
  }
  function drawing(path) {
    var svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
    var line = document.createElementNS("http://www.w3.org/2000/svg", "path")
    var shape = { viewBox: "0 0 24 24", width: "26", height: "26", "aria-hidden": "true", fill: "none", stroke: "currentColor", "stroke-width": "1.8", "stroke-linecap": "round", "stroke-linejoin": "round" }
    for (var attribute in shape) svg.setAttribute(attribute, shape[attribute])
    line.setAttribute("d", path)
    svg.append(line)
    return svg
  }
  function ink(on) {
    var part = function (at) { var v = parseInt(on.slice(at, at + 2), 16) / 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4) }
    return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5) > 0.36 ? "#111" : "#fff"
  }
  var host = element("div", { "data-bellhop-chat": "" }, { position: "fixed", zIndex: "2147483000", right: "0", bottom: "0" })
  var root = host.attachShadow({ mode: "open" })
  var panel = element("div", { role: "dialog", "aria-label": words.chat, part: "panel" }, { position: "fixed", right: "20px", bottom: "92px", width: "min(380px, calc(100vw - 40px))", height: "min(620px, calc(100dvh - 112px))", borderRadius: "14px", overflow: "hidden", boxShadow: "0 12px 40px rgb(0 0 0 / 28%)", background: "Canvas", display: "none" })
  var button = element("button", { type: "button", "aria-haspopup": "dialog", "aria-expanded": "false", part: "button" }, { position: "fixed", right: "20px", bottom: "20px", width: "56px", height: "56px", padding: "0", border: "0", borderRadius: "50%", cursor: "pointer", display: "grid", placeItems: "center", boxShadow: "0 4px 16px rgb(0 0 0 / 26%)" })
  var badge = element("span", { "aria-hidden": "true" }, { position: "absolute", top: "-4px", right: "-4px", minWidth: "22px", height: "22px", padding: "0 5px", boxSizing: "border-box", borderRadius: "11px", background: "#b3261e", color: "#fff", font: "600 13px/22px system-ui, sans-serif", textAlign: "center", display: "none" })
  var talk = drawing("M21 12a8 8 0 0 1-8 8H4l1.8-3.2A8 8 0 1 1 21 12ZM9 11h7M9 14.500h4")
  var cross = drawing("M6 6l12 12M18 6L6 18")
  button.append(talk, cross, badge)
  var before = element("span", { tabindex: "0" })
  var after = element("span", { tabindex: "0" })
  root.append(button, panel)
  try {
    var sheet = new CSSStyleSheet()
    sheet.replaceSync("button:focus-visible{outline:3px solid #fff;outline-offset:-6px;box-shadow:0 0 0 3px #111}@media(max-width:480px){div[role=dialog]{inset:0!important;width:auto!important;height:auto!important;border-radius:0!important}button[aria-expanded=true]{display:none!important}}@media(prefers-reduced-motion:no-preference){button{transition:transform .15s}button:hover{transform:scale(1.05)}}@media(forced-colors:active){button{border:2px solid ButtonText!important}}@media print{button,div{display:none!important}}")
    root.adoptedStyleSheets = [sheet]
  } catch { /* an older browser: without hover and full screen */ }

  function dress() {
    button.style.background = colour
    button.style.color = ink(colour)
    talk.style.display = isOpen ? "none" : "block"
    cross.style.display = isOpen ? "block" : "none"
    badge.style.display = unread && !isOpen ? "block" : "none"
    badge.textContent = unread > 99 ? "99+" : String(unread)
    button.setAttribute("aria-expanded", String(isOpen))
    button.setAttribute("aria-label", isOpen ? words.close : words.open + (unread ? ", " + words.unread(unread) : ""))
  }

  // --- the frame, and what the two say to each other ---
  function build() {
    if (frame) return
    var query = "?o=" + encodeURIComponent(location.origin) + "&l=" + encodeURIComponent(language)
    frame = element("iframe", { title: words.chat, allow: "", src: base + "/chat/frame/" + encodeURIComponent(key) + query }, { width: "100%", height: "100%", border: "0", display: "block", colorScheme: "normal" })
    before.addEventListener("focus", function () { say({ type: "focus", where: "last" }) })
    after.addEventListener("focus", function () { say({ type: "focus", where: "first" }) })
    panel.append(before, frame, after)
  }
  function say(message) {
    if (!isReady) { queue.push(message); return }
    if (message.type === "focus") frame.focus()
    frame.contentWindow.postMessage(Object.assign({ bellhop: 1 }, message), base)
  }
  function page() { return { url: location.href.split("#")[0].slice(0, 500), title: document.title.slice(0, 200) } }
  window.addEventListener("message", function (event) {
    if (!frame || event.origin !== base || event.source !== frame.contentWindow) return
    var told = event.data
    if (!told || told.bellhop !== 1) return
    if (told.type === "ready") {
      isReady = true
      say({ type: "hello", token: recall("token"), identity: identity, page: page(), open: isOpen })
      queue.splice(0).forEach(say)
    } else if (told.type === "look") {
      if (/^#[0-9a-f]{6}$/i.test(told.colour || "")) colour = told.colour
      if (told.title) { panel.setAttribute("aria-label", String(told.title)); frame.title = String(told.title) }
      dress()
    } else if (told.type === "keep") {
      say({ type: "kept", ok: keep("token", String(told.token || "")) })
    } else if (told.type === "begun") {
      keep("begun", told.begun ? "1" : "")
    } else if (told.type === "unread") {
      unread = Number(told.n) || 0
      dress()
    } else if (told.type === "close") close()
  })

  function open() {
    build()
    isOpen = true
    unread = 0
    panel.style.display = "block"
    dress()
    say({ type: "shown", open: true, page: page() })
    say({ type: "focus", where: "text" })
  }
  function close() {
    if (!isOpen) return
    isOpen = false
    panel.style.display = "none"
    dress()
    say({ type: "shown", open: false, page: page() })
    button.focus()
  }
  button.addEventListener("click", function () { if (isOpen) close(); else open() })
  root.addEventListener("keydown", function (event) { if (event.key === "Escape" && isOpen) { event.stopPropagation(); close() } })

  window.bellhopChat = {
    version: "1",
    open: open,
    close: close,
    identify: function (token) { identity = String(token || ""); if (frame) say({ type: "identity", identity: identity }) }
  }
  dress()
  function mount() {
    document.body.append(host)
    // Who chatted before sees whether an answer came; nobody else loads more than this script.
    if (recall("begun")) (window.requestIdleCallback || setTimeout)(build)
  }
  if (document.body) mount()
  else document.addEventListener("DOMContentLoaded", mount)
})()
