"""What sounds like danger, in the languages of the demo, and what only has its words. It flags; a person decides."""

from __future__ import annotations

import pytest

from reservations.services.emergency_words import Emergency, find


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("There is a smell of gas in the kitchen", Emergency.GAS),
        ("Hi, it smells strongly of gas here, what should we do?", Emergency.GAS),
        ("I think we have a gas leak", Emergency.GAS),
        ("Huele mucho a gas en la cocina", Emergency.GAS),
        ("Creo que hay una fuga de gas", Emergency.GAS),
        ("The oven is on fire!", Emergency.FIRE),
        ("There's a fire in the bin", Emergency.FIRE),
        ("FIRE!!! please come", Emergency.FIRE),
        ("We see smoke coming from the socket", Emergency.FIRE),
        ("There is a burning smell in the hallway", Emergency.FIRE),
        ("The smoke alarm keeps going off", Emergency.FIRE),
        ("Hay humo en el pasillo", Emergency.FIRE),
        ("¡Hay un incendio en la cocina!", Emergency.FIRE),
        ("The bathroom is flooded", Emergency.WATER),
        ("A pipe has burst under the sink", Emergency.WATER),
        ("Water is coming through the ceiling", Emergency.WATER),
        ("The ceiling is leaking on the bed", Emergency.WATER),
        ("Se ha inundado el baño, está todo inundado", Emergency.WATER),
        ("Hay una fuga de agua enorme", Emergency.WATER),
        ("La tubería está rota y hay agua por todas partes", Emergency.WATER),
        ("We have no heat and two small children", Emergency.HEAT),
        ("The heating doesn\u2019t work", Emergency.HEAT),
        ("La calefacción no funciona", Emergency.HEAT),
        ("Estamos sin calefacción", Emergency.HEAT),
        ("There is no power in the whole flat", Emergency.POWER),
        ("The power just went out", Emergency.POWER),
        ("No hay luz en la casa", Emergency.POWER),
        ("We think there is carbon monoxide in the room", Emergency.MONOXIDE),
        ("The carbon monoxide alarm went off", Emergency.FIRE),
        ("Someone broke into our room", Emergency.BREAK_IN),
        ("There has been a break-in", Emergency.BREAK_IN),
        ("Han entrado a robar en el apartamento", Emergency.BREAK_IN),
        ("Help, we are stuck in the lift", Emergency.LIFT),
        ("My mother is trapped in your elevator!", Emergency.LIFT),
        ("Estamos atrapados en el ascensor", Emergency.LIFT),
        ("My husband has chest pain, please call an ambulance", Emergency.MEDICAL),
        ("She is unconscious", Emergency.MEDICAL),
        ("Mi padre no respira, llamen a una ambulancia", Emergency.MEDICAL),
        ("Thanks for the towels.\nBy the way, the room is full of smoke", Emergency.FIRE),
        ("There is no smoke any more. But now the floor is flooded.", Emergency.WATER),
    ],
)
def test_danger(text: str, kind: Emergency) -> None:
    assert find(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "The fire pit was lovely",
        "Is there a fireplace? And firewood?",
        "There's a fire pit in the garden, isn't there?",
        "Can we light a fire on the beach?",
        "Do you have a gas grill?",
        "Is the stove gas or electric?",
        "Where is the nearest gas station?",
        "Is smoking allowed on the balcony? The listing says no smoking.",
        "The smoked salmon at breakfast was great",
        "Is there a smoke detector and a carbon monoxide alarm?",
        "The smoke detector chirps, I think the battery is low",
        "What do we do in case of fire?",
        "Where is the fire extinguisher, if there is a fire?",
        "The room is flooded with light, we love it",
        "The shower is leaking a little",
        "No leaks, everything was fine",
        "Could we have a power bank or a power adapter?",
        "There are no power outlets by the bed",
        "Do the blackout curtains close?",
        "Is the pool heated? The heat today is something",
        "Please turn the heating on before we arrive",
        "How much is the airport transfer? An emergency contact is my wife.",
        "Is there a lift? My mother can't take the stairs",
        "We got stuck in traffic and arrive at nine",
        "My suitcase is stuck in Lisbon",
        "We broke in our new hiking boots",
        "The view is breathtaking",
        "The ambulance sirens kept us awake",
        "There is no hot water coming out of the tap",
        "El salón está sin luz natural",
        "Where is the emergency exit?",
        "¿Hay chimenea en la casa?",
        "¿Se puede fumar en la terraza?",
        "¿La cocina es de gas?",
        "¿Tiene calefacción la habitación?",
        "Qué hacemos en caso de incendio",
        "La piscina está muy bien, gracias",
        "",
    ],
)
def test_no_danger(text: str) -> None:
    assert find(text) is None


def test_a_long_letter_is_read_quickly() -> None:
    assert find("smell of a very strong " * 5_000) is None
