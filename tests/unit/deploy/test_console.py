from __future__ import annotations

import pytest

from deploy.cli import main
from deploy.cli.console import err, out, print_long, table

SOURCE = "rtsp://[2001:db8:a:b::1]/s"


def test_no_part_of_an_address_becomes_an_emoji(capsys: pytest.CaptureFixture[str]) -> None:
    for console in (out, err):
        console.print(SOURCE, markup=False)
        console.print(table(("source",), [(SOURCE,)]))
    print_long(table(("source",), [(SOURCE,)]))
    with pytest.raises(SystemExit):
        main(["dead-letter", "show", SOURCE])
    shown, said = capsys.readouterr()
    assert shown.count(SOURCE) == 3
    assert said.count(SOURCE) == 3
