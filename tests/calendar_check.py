#!/usr/bin/env python3
"""Do the days of config/calendar.toml agree with two independent public packages?

For contributors, by hand after a change of the calendar; CI does not need it:

    python3 -m venv venv && venv/bin/pip install chinesecalendar holidays
    venv/bin/python tests/calendar_check.py [FILE…]

Every day of every listed year is asked of both packages. Exit 0: all agree; 1: a day differs, or a package does not know
a listed year.
"""

import datetime
import pathlib
import sys
import tomllib

import chinese_calendar
import holidays


def listed(paths):
    """Days off and make-up working days by year, later files over earlier ones."""
    years = {}
    for path in paths:
        for year in tomllib.loads(pathlib.Path(path).read_text("utf-8"))["year"]:
            off = set()
            for run in year["off"]:
                day, last = (datetime.date.fromisoformat(run[end]) for end in ("from", "to"))
                while day <= last:
                    off.add(day)
                    day += datetime.timedelta(1)
            worked = {datetime.date.fromisoformat(day) for day in year.get("working", [])}
            years[year["year"]] = (off, worked)
    return years


def by_chinese_calendar(day):
    return chinese_calendar.is_workday(day)


def by_holidays(day, held={}):
    if day.year not in held:
        held[day.year] = holidays.country_holidays("CN", years=day.year)
    return held[day.year].is_working_day(day)


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    years = listed(sys.argv[1:] or [root / "config" / "calendar.toml"])
    packages = [("chinesecalendar", by_chinese_calendar), ("holidays", by_holidays)]
    wrong = 0
    for year, (off, worked) in sorted(years.items()):
        day, differ, working = datetime.date(year, 1, 1), 0, 0
        while day.year == year:
            ours = day in worked or not (day.weekday() >= 5 or day in off)
            working += ours
            for name, works in packages:
                try:
                    theirs = works(day)
                except NotImplementedError:
                    theirs = None
                if theirs is not ours:
                    differ += 1
                    print(f"{day}: ours {ours}, {name} {theirs}")
            day += datetime.timedelta(1)
        print(f"{year}: {working} working days, {differ} differences")
        wrong += differ
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
