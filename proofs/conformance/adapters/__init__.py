"""Real libraries as subjects: functions of the doors' signatures over their classes, with what their documents declare.

They run in the child process and import the library and what the child has, nothing of ours besides. `DECLARED` names
the kind and the conventions of each, as a user would give them on the command line.
"""
