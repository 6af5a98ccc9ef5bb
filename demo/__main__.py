"""`python -m demo`: the live demo; with `--once` the smoke run. The exit codes stand here and in demo/live.py."""

import argparse
import asyncio
import sys
from pathlib import Path

from demo.live import live
from demo.processes import ProcessFailed
from demo.product import NeverIdle, new_seed
from demo.smoke import Kill, say, smoke


def main() -> int:
    """Read the command line and play."""
    args = _arguments()
    return _smoke(args) if args.once else live(args.state)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Весь продукт на этом компьютере: придуманная клиника, агент, хаб и стенд amoCRM. Без ключей: живая демонстрация"
        " в браузере, Ctrl-C завершает её. С --once: один день, сыгранный так быстро, как продукт успевает, и сверенный с оракулом.",
        epilog="Код завершения: 0 всё хорошо; 1 процесс не выдержал, или день разошёлся с оракулом; 2 начать нельзя (сказано, почему).",
    )
    parser.add_argument(
        "--state",
        type=Path,
        default=Path("demo-state"),
        metavar="ПАПКА",
        help="где живая демонстрация хранит сыгранное (demo-state)",
    )
    once = parser.add_argument_group("один день (--once)")
    once.add_argument("--once", action="store_true", help="сыграть один день и сверить")
    once.add_argument("--seed", type=int, help="какой день; без ключа новый, назван в конце")
    once.add_argument("--visits", type=int, default=1000, help="сколько приёмов касается день (1000)")
    once.add_argument(
        "--kill", type=Kill.parse, action="append", default=[], metavar="WHO@HH:MM", help="kill -9 агента или хаба"
    )
    once.add_argument("--hub", default="hub", metavar="МОДУЛЬ", help="какой хаб запускать (тесты запускают сломанные)")
    once.add_argument("--agent", default="agent", metavar="МОДУЛЬ", help="какого агента запускать")
    once.add_argument("--keep", type=Path, metavar="ПАПКА", help="оставить базы и журналы здесь")
    return parser.parse_args()


def _smoke(args: argparse.Namespace) -> int:
    seed = new_seed() if args.seed is None else args.seed
    try:
        return asyncio.run(
            smoke(seed=seed, visits=args.visits, kills=args.kill, hub=args.hub, agent=args.agent, keep=args.keep)
        )
    except (ProcessFailed, NeverIdle) as failure:
        say(f"seed {seed}: {failure}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
