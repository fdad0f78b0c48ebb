"""Class names of the built-in networks."""

from __future__ import annotations

from typing import Final

_COCO_80: Final = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,"
    "bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,"
    "skis,snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,"
    "cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,"
    "potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,"
    "refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush"
)
_UNUSED: Final = frozenset({12, 26, 29, 30, 45, 66, 68, 69, 71, 83})

COCO_90: Final[dict[int, str]] = dict(
    zip((number for number in range(1, 91) if number not in _UNUSED), _COCO_80.split(","), strict=True)
)
"""COCO's 80 classes by their ids from 1 to 90, of which ten are not used."""

FACE: Final[dict[int, str]] = {0: "face"}

_EDGE: Final = (
    "person,bicycle,car,motorcycle,bus,train,truck,boat,traffic light,bench,bird,cat,dog,backpack,umbrella,handbag,"
    "suitcase,bottle,cup,chair,tv,laptop,cell phone,book"
)

COCO_EDGE: Final[dict[int, str]] = {number: name for number, name in COCO_90.items() if name in _EDGE.split(",")}
"""What shops, factories and streets look for: 24 of COCO's classes. A network pays for each class that it scores."""
