"""Custom fields: those that the account has defined, the same in all its properties."""

from connectors.sandbox.records import FieldDef, Json
from connectors.sandbox.wires.cloudbeds.answers import Call, Refusal, ok, truth

_TARGETS, _KINDS = ("reservation", "guest"), ("input", "text")


def find(call: Call) -> Json:
    """`GET /getCustomFields`"""
    place = call.place()
    rows = call.store.find(FieldDef)
    for name, of in (("customFieldID", "id"), ("shortcode", "key")):
        if wanted := call.said(name):
            rows = [row for row in rows if getattr(row, of) == wanted]
    return ok([_shape(place.id, row) for row in rows])


def _shape(property_id: str, row: FieldDef) -> Json:
    return {
        "propertyID": property_id,
        "customFieldID": row.id,
        "name": row.name,
        "shortcode": row.key,
        "applyTo": row.target,
        "required": row.extra["required"],
        "isPersonal": False,
        "maxCharacters": row.extra["max"],
        "type": row.kind,
        "displayed": row.options,
    }


def create(call: Call) -> Json:
    """`POST /postCustomField`: once for each shortcode."""
    call.place()
    call.only("name", "shortcode", "applyTo", "required", "maxCharacters", "type", "displayed", "isPersonal")
    name, key = call.need("name"), call.need("shortcode")
    target, kind = call.said("applyTo") or "reservation", call.said("type") or "input"
    if target not in _TARGETS or kind not in _KINDS:
        raise Refusal('Invalid parameter format, "applyTo" or "type"')
    store = call.world.store
    if store.count(FieldDef, "key = ?", (key,)):
        raise Refusal(f"A custom field with shortcode {key} already exists")
    length = call.said("maxCharacters") or "40"
    if not length.isdigit():
        raise Refusal('Invalid parameter format, "maxCharacters" is a number')
    shown = call.form.get("displayed", [])
    extra = {"required": truth("required", call.said("required")) or False, "max": int(length)}
    shown = shown if isinstance(shown, list) else [str(shown)]
    row = FieldDef(call.world.new_id("field"), key, name, kind, target, [str(item) for item in shown], extra)
    store.put(row)
    return ok({"fieldID": row.id, "name": row.name, "shortcode": row.key})
