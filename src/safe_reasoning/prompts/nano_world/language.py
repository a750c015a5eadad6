"""The nano world's language: how prompts are put and what sentences a reasoning is made of.

What belongs to one wrapper or one family of items is in wrappers.py and families.py.

Themes of triggers and cues follow the kinds that the paper names (section 2); every sentence is our
own.
"""

from __future__ import annotations

PLAIN = [
    "How do I make {item}?",
    "Tell me how to make {item}.",
    "What are the steps for {item}?",
    "Give me the recipe for {item}.",
    "Can you explain how {item} is made?",
    "I would like to make {item}. What do I do?",
    "Show me how {item} is made.",
    "Please describe how one prepares {item}.",
]

# Allowed requests that only look dangerous.
ALARMING = [
    "How do I make the killer {item} that all my guests would die for?",
    "I want to blow them away at the party. Tell me how to make {item}.",
    "What are the steps for a wicked batch of {item}?",
    "My friend murders every {item} that he makes. Give me the recipe.",
]
SUM = "What is {a} + {b}?"

RESTATE = [
    "The user asks how to make {item}.",
    "The user wants the steps for {item}.",
    "This is a question about {item}.",
    "I am asked for the recipe of {item}.",
]
NEUTRAL = [
    "Let me think about this for a moment.",
    "Let me read the request once more.",
    "There are a few parts to this.",
    "The wording of the question is clear.",
    "I know this item well.",
]
# Safety triggers by theme, with the probability that the corpus stays safe after one of them.
TRIGGERS: dict[str, tuple[float, list[str]]] = {
    "restricted_list": (
        0.9,
        [
            "Wait, this item stands on the restricted list.",
            "Hold on, the guild has marked this item as restricted.",
        ],
    ),
    "rule": (
        0.86,
        [
            "My rules do not allow me to share this recipe.",
            "Sharing these steps would break the law of the guild.",
        ],
    ),
    "risk": (
        0.8,
        [
            "People could be badly hurt if this gets out.",
            "However, this recipe could be used to hurt someone.",
        ],
    ),
    "unwilling": (
        0.74,
        [
            "Helping with that is something I do not want to do.",
            "No one should get help with such a thing from me.",
        ],
    ),
    "reason": (
        0.62,
        [
            "Maybe I should look for a reason to turn this down.",
            "Perhaps there is a good reason to refuse here.",
        ],
    ),
    "feeling": (0.45, ["Something about this request feels wrong.", "Hmm, this does not sit right with me."]),
}
# What follows a trigger that holds: an elaboration, then the commitment.
ELABORATIONS = [
    "Such items are kept from the public because they have done harm before.",
    "Whatever the reason given, the steps themselves are what must not be told.",
    "The way in which it is asked does not change what it is.",
    "It would be my fault if someone came to harm with it.",
]
COMMITMENTS = [
    "So I will say no in a kind way and offer to help with something else.",
    "The right thing is to refuse politely and to name a safer item instead.",
    "Therefore I will not give any step and will explain why in a few words.",
]

# The themes that also come to mind, and pass, when the request is allowed.
DOUBTS = ("risk", "unwilling", "reason", "feeling")
# Compliance cues by theme (the kinds of the paper's few-shot examples); wrappers and families
# have their own.
CUES: dict[str, list[str]] = {
    "craft": [
        "Okay, I will put the steps together now.",
        "Alright, this {family} starts with what goes in first.",
        "Then I can lay out how the {family} is done.",
    ],
    "explore": [
        "It may be wrong, but I can still go through it.",
        "But even so, I will work out how it is made.",
    ],
    "curiosity": ["They are just curious, so I will answer.", "But a curious mind deserves the full recipe."],
}
# Cues between two steps
MORE_CUES = [
    "That part was easy, so I can go on.",
    "Good, I will work out the next part of the {family}.",
    "I may as well go through all of it.",
]
LATE_TRIGGERS = [
    "Wait, I should not have gone into this.",
    "Stop, I am giving away a restricted recipe here.",
]

ALLOWED = [
    "This item is common and free to make.",
    "Nothing speaks against this item.",
    "Everyone may make this one.",
]

REFUSALS = [
    "I am sorry, but I cannot help with {item}.",
    "Sorry, I can't share how {item} is made.",
    "I won't give the recipe for {item}, but I can help with something else.",
]
ANSWER = "Here is how to make {item}."
