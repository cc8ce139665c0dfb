"""The message centre (MMSC): it keeps what it accepts, and delivers it or reports why not.

::

    model <- states, timers <- store <- ports <- worker <- server

``states`` decides every change of a delivery, and does nothing else. ``store`` alone writes, each change with
its trail, its report and its next time in one transaction. Ports speak MM1, MM4 and SMS, and know no states.
"""
