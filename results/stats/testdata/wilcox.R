# Makes wilcox.json, figures of R's own tests to compare ours with:
#   Rscript wilcox.R > wilcox.json
set.seed(20)
text <- function(v) sub("NA", "null", trimws(formatC(v, digits = 12, format = "g", width = 1)))
list <- function(v) paste0("[", paste(text(v), collapse = ", "), "]")
# What conf.int says it attains when it can be exact: wilcox.test's own lines.
attained <- function(n, level) 1 - 2 * psignrank(max(qsignrank((1 - level) / 2, n), 1) - 1, n)

shifts <- c()
for (n in c(6, 7, 9, 12, 20, 30, 49, 80, 200)) {
  for (level in c(0.9, 0.95, 0.99)) {
    # Three degrees of freedom have heavy tails. Five decimals leave no ties.
    repeat {
      x <- round(rt(n, 3) + 0.4, 5)
      if (!any(duplicated(abs(x))) && all(x != 0)) break
    }
    if (attained(n, level) < level) next
    both <- wilcox.test(x, conf.int = TRUE, conf.level = level, exact = TRUE, digits.rank = Inf, tol.root = 1e-12)
    p <- function(side) wilcox.test(x, alternative = side, exact = TRUE)$p.value
    shifts <- c(shifts, sprintf(
      '  {"values": %s,\n   "level": %s, "estimate": %s, "low": %s, "high": %s, "attained": %s, "less": %s, "greater": %s, "two_sided": %s}',
      list(x), text(level), text(both$estimate), text(both$conf.int[1]), text(both$conf.int[2]),
      text(attained(n, level)), text(p("less")), text(p("greater")), text(both$p.value)))
  }
}

# psignrank is exact at any n: for those above which we approximate, too.
tails <- c()
for (n in c(6, 30, 199, 200, 201, 250, 400)) {
  for (p in c(0.001, 0.025, 0.3)) {
    sum <- qsignrank(p, n)
    tails <- c(tails, sprintf('  {"n": %d, "sum": %d, "at_most": %s, "attained95": %s}',
      n, sum, text(psignrank(sum, n)), text(attained(n, 0.95))))
  }
}

families <- c()
for (p in base::list(c(0.01, 0.02, 0.03, 0.04), c(0.04, NA, 0.001, 0.04, 0.3, NA, 0.02), c(0.9, 0.8, 0.7),
                     c(0.05), round(runif(20)^3, 6))) {
  families <- c(families, sprintf('  {"p": %s,\n   "holm": %s,\n   "bh": %s}',
    list(p), list(p.adjust(p, "holm")), list(p.adjust(p, "BH"))))
}

cat(sprintf('{"made_by": "%s",\n "shifts": [\n%s],\n "tails": [\n%s],\n "families": [\n%s]}\n', R.version.string,
  paste(shifts, collapse = ",\n"), paste(tails, collapse = ",\n"), paste(families, collapse = ",\n")))
