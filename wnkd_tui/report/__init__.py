"""The paper's tables and figures from the database: pure functions from results to rows to text.

`rows.collect` groups results and takes means over seeds; `table2` and `fig3` show the rows as
JSON and on a terminal; `curves` turns them into charts; `relations` says what was found.
"""
