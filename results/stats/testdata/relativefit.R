# Makes relativefit.json, fits by R's general optimiser to compare ours with:
#   Rscript relativefit.R > relativefit.json
set.seed(21)
text <- function(v) trimws(formatC(v, digits = 12, format = "g", width = 1))
list <- function(v) paste0("[", paste(text(v), collapse = ", "), "]")

# The least Huber loss of the relative residuals at a given scale, by optim, and
# the scale of what that leaves, in turns until neither changes.
fit <- function(x, y) {
  a <- x / y
  size <- sqrt(colSums(a^2))
  a <- sweep(a, 2, size, "/")
  spread <- function(b) {
    r <- sort(abs(1 - as.vector(a %*% b)))
    median(r[ncol(a):length(r)]) / 0.6745
  }
  b <- qr.solve(a, rep(1, nrow(a)))
  for (turn in 1:200) {
    s <- spread(b)
    k <- 1.345 * s
    # Over the scale squared, so that optim sees changes of the order of 1.
    loss <- function(b) { r <- abs(1 - as.vector(a %*% b)); sum(ifelse(r <= k, r^2 / 2, k * r - k^2 / 2)) / s^2 }
    slope <- function(b) { r <- 1 - as.vector(a %*% b); -as.vector(t(a) %*% pmax(-k, pmin(k, r))) / s^2 }
    last <- b
    for (again in 1:20) b <- optim(b, loss, slope, method = "BFGS", control = base::list(reltol = 1e-16, maxit = 10000))$par
    if (max(abs(b - last)) < 1e-10 * max(abs(b))) break
  }
  if (turn == 200) stop("no fit")
  b / size
}

fits <- c()
for (n in c(8, 12, 20, 60)) {
  for (noise in c(0.02, 0.1)) {
    sockets <- round(10^runif(n, 1, 4))
    active <- pmax(1, round(sockets * runif(n)^2))
    x <- cbind(1, sockets, active)
    # Three degrees of freedom have heavy tails.
    y <- signif(as.vector(x %*% c(3000, 12, 250)) * exp(noise * rt(n, 3)), 8)
    fits <- c(fits, sprintf('  {"x": [%s],\n   "y": %s,\n   "coefficients": %s}',
      paste(apply(x, 1, list), collapse = ", "), list(y), list(fit(x, y))))
  }
}
cat(sprintf('{"made_by": "%s",\n "fits": [\n%s]}\n', R.version.string, paste(fits, collapse = ",\n")))
