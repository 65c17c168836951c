"""What runs in the child process, beside the foreign code: it loads a subject, calls it with plain data, and answers.

Nothing here knows a claim; the checks stay with us. It imports the standard library, msgspec and NumPy alone, and
whatever the subject imports.
"""
