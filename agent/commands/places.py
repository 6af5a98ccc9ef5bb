"""Where a command finds the config and the state folder."""

import argparse
from pathlib import Path

from agent import files
from agent.config import Config, default_path, load, state_folder


def add_places(parser: argparse.ArgumentParser) -> None:
    """The two options that every command knows."""
    group = parser.add_argument_group("где что лежит")
    group.add_argument(
        "--config", type=Path, default=default_path(), metavar="ФАЙЛ", help="файл настроек (по умолчанию %(default)s)"
    )
    group.add_argument("--state", type=Path, metavar="ПАПКА", help="папка состояния вместо той, что в файле настроек")


def config_and_folder(args: argparse.Namespace) -> tuple[Config, Path]:
    """What the file says; raises `ConfigError`."""
    config = load(args.config)
    return config, args.state or state_folder(config, args.config)


def folder_of(args: argparse.Namespace) -> Path:
    """The state folder, made where it is not there; the file is not needed where the folder is named."""
    return files.open_folder(args.state or config_and_folder(args)[1])
