"""The paper's tables and figures from the database: pure functions from results to rows to text.

`rows.collect` groups results by condition and keeps every seed. `table1`, `table2`, `table3`,
`fig2`, `fig3`, `leakage`, `shots`, `classes` and `differences` turn them into sheets and figures
(`sheet`) and into JSON; `terminal`, `files`, `latex` and `picture` give sheets and figures a form.
"""
