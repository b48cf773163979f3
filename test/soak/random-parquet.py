# Writes random Parquet files with pyarrow, and for each the points that its rows are, read back with pyarrow:
# python3 random-parquet.py FOLDER FILES SEED. Rows with a value that no point can hold have no line.

import random
import sys
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

folder, files, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
pick = random.Random(seed)
texts = ["a", "", "b c", "d,e", "f=g", "ü", "𝄞 clef", "line\nend", "tab\t", "x" * 40, "sixteen bytes ok", "ß" * 9, "say no"]
quoted = texts + ['say "no"', "back\\slash", '"', "\x1f\x0b"]


def number(value):
    """A double as ECMAScript prints it."""
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    short = text.rstrip("0")
    exponent += len(text) - len(short)
    point = len(short) + exponent
    minus = "-" if sign else ""
    if short == "":
        return minus + "0"
    if len(short) <= point <= 21:
        return minus + short + "0" * (point - len(short))
    if 0 < point <= 21:
        return f"{minus}{short[:point]}.{short[point:]}"
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{short}"
    rest = f".{short[1:]}" if len(short) > 1 else ""
    return f"{minus}{short[0]}{rest}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def double():
    kind = pick.randrange(6)
    if kind == 0:
        return round(pick.uniform(-1000, 1000), pick.randrange(7))
    if kind == 1:
        return float(pick.randrange(-500, 500))
    if kind == 2:
        return pick.uniform(-1, 1) * 10.0 ** pick.randrange(-310, 308)
    if kind == 3:
        return pick.choice([0.0, -0.0, 5e-324, 1e21, 1e22, 1e15, 999999999999999.9, 1e-6, 1e-7, 1e23])
    if kind == 4 and pick.randrange(200) == 0:
        return pick.choice([float("nan"), float("inf"), -float("inf")])
    return pick.random() * 100


def moment(scale):
    """A timestamp as text, of a whole number of units of 10^-scale seconds."""
    def text(value):
        from datetime import datetime, timedelta

        seconds, rest = divmod(value, 10**scale)
        whole = datetime(1970, 1, 1) + timedelta(seconds=seconds)
        return f'"{whole.isoformat()}.{rest:0{scale}}Z"'

    return text


def string(value):
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def isFinite(value):
    return value == value and abs(value) != float("inf")


# Each type: its arrow type, a random value, the value as a field; None is a value that no point can hold.
types = {
    "double": (pa.float64(), double, lambda v: number(v) if isFinite(v) else None),
    "float": (pa.float32(), lambda: max(-3e38, min(3e38, double())), lambda v: number(v) if isFinite(v) else None),
    "long": (pa.int64(), lambda: pick.choice([-(2**63), 2**63 - 1, 0, -1, pick.getrandbits(62), pick.randrange(9)]), "{}i".format),
    "ulong": (pa.uint64(), lambda: pick.choice([2**64 - 1, 0, pick.getrandbits(64), pick.randrange(9)]), "{}u".format),
    "int": (pa.int32(), lambda: pick.randrange(-(2**31), 2**31), "{}i".format),
    "short": (pa.int16(), lambda: pick.randrange(-99, 99), "{}i".format),
    "uint": (pa.uint32(), lambda: pick.getrandbits(32), "{}u".format),
    "flag": (pa.bool_(), lambda: pick.random() < 0.5, lambda v: "t" if v else "f"),
    "text": (pa.string(), lambda: pick.choice(quoted), string),
    "unique": (pa.string(), lambda: str(pick.getrandbits(40)) * pick.randrange(1, 9), string),
    "price": (pa.decimal128(12, 2), lambda: Decimal(pick.randrange(-(10**8), 10**8)) / 100, lambda v: f"{v:.2f}"),
    "day": (pa.date32(), lambda: pick.randrange(-30000, 60000), lambda v: f'"{v.isoformat()}"'),
    "milli": (pa.timestamp("ms", tz="UTC"), lambda: pick.randrange(-(10**13), 10**13), moment(3)),
    "micro": (pa.timestamp("us", tz="UTC"), lambda: pick.randrange(-(10**16), 10**16), moment(6)),
}
encodings = {
    "double": ["PLAIN", "BYTE_STREAM_SPLIT"],
    "float": ["PLAIN", "BYTE_STREAM_SPLIT"],
    "long": ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"],
    "int": ["PLAIN", "DELTA_BINARY_PACKED"],
    "flag": ["PLAIN", "RLE"],
    "text": ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"],
    "unique": ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"],
}


def column(name, count):
    kind, value, _ = types[name]
    few = [value() for _ in range(pick.randrange(1, 30))] if pick.random() < 0.5 else None
    nulls = pick.choice([0, 0, 0.1, 0.9])
    values = [None if pick.random() < nulls else pick.choice(few) if few else value() for _ in range(count)]
    return pa.array(values, kind)


def tag(value):
    return value.replace(" ", "\\ ").replace(",", "\\,").replace("=", "\\=")


def lines(table):
    names = [name for name in table.column_names if name in types]
    for row in range(table.num_rows):
        at = lambda name: table[name][row]
        host = at("host").as_py()
        fields = []
        for name in names:
            cell = at(name)
            if not cell.is_valid:
                continue
            value = cell.value if name in ("milli", "micro") else cell.as_py()
            fields.append((name, types[name][2](value)))
        if not at("time").is_valid or not fields or any(text is None for _, text in fields):
            continue
        series = f"m,host={tag(host)}" if host else "m"
        yield f"{series} {','.join('='.join(each) for each in fields)} {at('time').value * scale}"


for file in range(files):
    count = pick.randrange(1, 3000)
    names = pick.sample(sorted(types), pick.randrange(1, len(types)))
    unit, scale = pick.choice([("ns", 1), ("us", 1000), ("ms", 1000000)])
    time = [None if pick.random() < 0.001 else 1640995200000 * 10**6 // scale + pick.randrange(10**9) for _ in range(count)]
    hosts = [text for text in texts if "\n" not in text and "\t" not in text]
    table = pa.table(
        {
            "time": pa.array(time, pa.timestamp(unit, tz="UTC")),
            "host": pa.array([pick.choice(hosts) for _ in range(count)]),
            **{name: column(name, count) for name in names},
        }
    )
    dictionary = pick.choice([True, False, [name for name in names if pick.random() < 0.5]])
    plain = [] if dictionary is True else [name for name in names if dictionary is False or name not in dictionary]
    chosen = {name: pick.choice(encodings[name]) for name in plain if name in encodings}
    path = f"{folder}/{file}.parquet"
    pq.write_table(
        table,
        path,
        compression=pick.choice(["none", "snappy", "zstd", "gzip", "brotli", "lz4"]),
        data_page_version=pick.choice(["1.0", "2.0"]),
        use_dictionary=dictionary,
        column_encoding=chosen or None,
        row_group_size=pick.choice([count, pick.randrange(1, count + 1), 500]),
        data_page_size=pick.choice([256, 4096, 1 << 20]),
        dictionary_pagesize_limit=pick.choice([300, 1 << 20]),
        write_page_checksum=pick.random() < 0.3,
        store_schema=pick.random() < 0.5,
    )
    with open(f"{folder}/{file}.lp", "w", newline="\n") as expected:
        for line in lines(pq.read_table(path)):
            print(line.replace("\n", "\\u000a"), file=expected)
