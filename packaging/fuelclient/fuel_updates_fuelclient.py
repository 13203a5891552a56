# Licensed under the Apache License, Version 2.0.
"""The command `updates` of the Fuel client: hands its words to the program fuel-updates."""

import argparse
import errno
import os
import subprocess
import sys

from cliff import command

PROGRAM = 'fuel-updates'

# The shell's statuses for a program that cannot be found or started.
NOT_FOUND = 127
NOT_STARTED = 126

# Options of fuel2 that it takes away from the words, wherever they stand, and the variables that say the same.
CREDENTIALS = {
    'os_auth_url': 'OS_AUTH_URL',
    'os_tenant_name': 'OS_TENANT_NAME',
    'os_username': 'OS_USERNAME',
    'os_password': 'OS_PASSWORD',
}


class Words(argparse.ArgumentParser):
    """Keeps all words as they are; its help is that of the program."""

    def __init__(self, prog, words_of_help):
        super(Words, self).__init__(prog=prog, add_help=False)
        self.words_of_help = words_of_help

    def parse_args(self, args=None, namespace=None):
        return argparse.Namespace(words=list(sys.argv[1:] if args is None else args))

    def format_help(self):
        try:
            process = subprocess.Popen([PROGRAM] + self.words_of_help + ['--help'], stdout=subprocess.PIPE)
        except OSError as error:
            return not_started(error) + '\n'
        text = process.communicate()[0].decode('utf-8')
        return text if sys.version_info[0] > 2 else text.encode('utf-8')


class Updates(command.Command):
    """Report and install Maintenance Updates on the nodes of an environment (fuel-updates)."""

    def get_parser(self, prog_name):
        # Older versions of cliff tell here for which command of ours help was asked.
        words = getattr(self.app_args, 'cmd', None) or []
        return Words(prog_name, [word for word in words if not word.startswith('-')])

    def take_action(self, parsed_args):
        return self.run(parsed_args)

    # Older versions of cliff return 0 whatever take_action returns.
    def run(self, parsed_args):
        words, environment = list(parsed_args.words), dict(os.environ)
        options = getattr(self.app, 'options', None)
        if getattr(options, 'verbose_level', 1) == 0:
            words.append('--quiet')
        for option, variable in CREDENTIALS.items():
            value = getattr(options, option, None)
            if value:
                environment[variable] = value
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            if getattr(self.app, 'interactive_mode', False):
                return subprocess.call([PROGRAM] + words, env=environment)
            # The program takes our place: terminal, signals and exit status are its own.
            os.execvpe(PROGRAM, [PROGRAM] + words, environment)
        except OSError as error:
            sys.stderr.write('error: %s\n' % not_started(error))
            return NOT_FOUND if error.errno == errno.ENOENT else NOT_STARTED


def not_started(error):
    if error.errno == errno.ENOENT:
        return '%s is not installed: no folder of PATH has it' % PROGRAM
    return '%s cannot be started: %s' % (PROGRAM, error.strerror)
