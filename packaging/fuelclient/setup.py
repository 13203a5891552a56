import os

from setuptools import setup

HERE = os.path.dirname(os.path.abspath(__file__))

with open(os.path.join(HERE, 'entry_points.txt')) as entry_points:
    setup(
        name='fuel-updates-fuelclient',
        version='0.1.0',
        description='The command `updates` of the Fuel client (fuel2)',
        license='Apache-2.0',
        py_modules=['fuel_updates_fuelclient'],
        entry_points=entry_points.read(),
    )
