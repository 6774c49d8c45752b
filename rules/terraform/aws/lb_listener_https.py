from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Project, Unknown, Unresolved
from gatekeeper.links.related import companions, of_type, referred, targets
from gatekeeper.models.terraform import Resource
from gatekeeper.models.terraform.values import Perhaps
from gatekeeper.rule import Answer, rule

_RULES = ("aws_lb_listener_rule", "aws_alb_listener_rule")
_FIX = Fix("listen on HTTPS, and let the default action of port 80 redirect to it")


@rule(
    "tf-lb-listener-https",
    gate="security-posture",
    severity="high",
    seed="7. Security Checklist",
    aliases=["CKV_AWS_2", "AWS-0054"],
    where=lambda each: each.type in ("aws_lb_listener", "aws_alb_listener"),
)
def listener_https(listener: Resource, project: Project) -> Iterator[Answer]:
    """Listeners of load balancers speak HTTPS, or redirect to it.

    Whoever is on the way reads and changes what is sent over plain HTTP: sessions, passwords, the page itself. A
    listener on port 80 may stay if its default action redirects to HTTPS, or if it answers everything by itself and no
    rule of it forwards. Where no protocol is written an application load balancer speaks HTTP. A load balancer that
    only a CDN or another load balancer reaches is judged the same: it is the last piece of the way. CKV2_AWS_20 asks
    for the redirect of every application load balancer and is no alias.

    Bad, it forwards:
    ```hcl
    resource "aws_lb_listener" "web" {
      load_balancer_arn = aws_lb.web.arn
      port              = 80
      # expect: plain HTTP
      protocol          = "HTTP"
      default_action {
        type             = "forward"
        target_group_arn = aws_lb_target_group.web.arn
      }
    }
    ```

    Bad, a rule of it forwards:
    ```hcl
    resource "aws_lb_listener" "web" {
      # expect: plain HTTP
      protocol = "HTTP"
      default_action {
        type = "fixed-response"
        fixed_response {
          content_type = "text/plain"
          status_code  = "404"
        }
      }
    }
    resource "aws_lb_listener_rule" "web" {
      listener_arn = aws_lb_listener.web.arn
      action {
        type             = "forward"
        target_group_arn = aws_lb_target_group.web.arn
      }
    }
    ```

    Good, HTTPS and a redirect:
    ```hcl
    resource "aws_lb_listener" "https" {
      protocol = "HTTPS"
      default_action {
        type             = "forward"
        target_group_arn = aws_lb_target_group.web.arn
      }
    }
    resource "aws_lb_listener" "http" {
      port     = 80
      protocol = "HTTP"
      default_action {
        type = "redirect"
        redirect {
          port        = "443"
          protocol    = "HTTPS"
          status_code = "HTTP_301"
        }
      }
    }
    resource "aws_lb_listener" "tcp" {
      protocol = "TCP"
      default_action {
        type             = "forward"
        target_group_arn = aws_lb_target_group.tcp.arn
      }
    }
    ```

    Good, it answers everything by itself:
    ```hcl
    resource "aws_lb_listener" "http" {
      protocol = "HTTP"
      default_action {
        type = "fixed-response"
        fixed_response {
          content_type = "text/plain"
          status_code  = "403"
        }
      }
    }
    ```

    Good, a gateway load balancer has no protocol:
    ```hcl
    resource "aws_lb" "gateway" {
      load_balancer_type = "gateway"
    }
    resource "aws_lb_listener" "gateway" {
      load_balancer_arn = aws_lb.gateway.arn
      default_action {
        type             = "forward"
        target_group_arn = aws_lb_target_group.gateway.arn
      }
    }
    ```

    Unknown:
    ```hcl
    variable "protocol" {
      type = string
    }
    resource "aws_lb_listener" "web" {
      protocol = var.protocol
      default_action {
        type             = "forward"
        target_group_arn = aws_lb_target_group.web.arn
      }
    }
    ```

    Unknown, others may add rules:
    ```hcl main.tf
    resource "aws_lb_listener" "web" {
      protocol = "HTTP"
      default_action {
        type = "fixed-response"
        fixed_response {
          content_type = "text/plain"
          status_code  = "404"
        }
      }
    }
    ```
    ```hcl service/main.tf
    variable "listener" {
      type = string
    }
    resource "aws_lb_listener_rule" "web" {
      listener_arn = var.listener
      action {
        type             = "forward"
        target_group_arn = aws_lb_target_group.web.arn
      }
    }
    ```
    """
    node = listener.node["protocol"]
    if node.known and node.present and node.text.upper() != "HTTP":
        return
    actions = listener.blocks("default_action")
    if any(_redirects(action) for action in actions if not isinstance(action, Perhaps)):
        return
    open_ = next((part for action in actions for part in _unknown(action)), None)
    if open_ is not None and open_.expression:
        raise Unresolved(open_, open_.expression)
    if node.expression:
        raise Unresolved(node, node.expression)
    if not node.present:
        balancers = [each for each in referred(listener, "load_balancer_arn", project) if each.type != "aws_vpc"]
        if not balancers:
            yield Unknown(listener, "no protocol is written: that is HTTP for an application load balancer only")
            return
        if all(each.node["load_balancer_type"] == "gateway" for each in balancers):
            return
    if any(_answers(action) for action in actions):
        doubt = _rules(listener, project)
        if doubt is None:
            return
        if doubt.expression:
            raise Unresolved(doubt, doubt.expression)
    yield Finding(node if node.present else listener, f"{listener.name} forwards plain HTTP", fix=_FIX)


def _redirects(action: Node) -> bool:
    kind, protocol = action["type"], action["redirect"]["protocol"]
    return kind.known and kind.text == "redirect" and protocol.known and protocol.text == "HTTPS"


def _unknown(action: Node) -> Iterator[Node]:
    """What of an action is not known, on which it hangs whether it redirects or answers by itself."""
    if isinstance(action, Perhaps):
        yield action.doubt
    elif action["type"].expression:
        yield action["type"]
    elif action["redirect"]["protocol"].expression:
        yield action["redirect"]["protocol"]


def _answers(action: Node) -> bool:
    return action["type"].known and action["type"].text == "fixed-response"


def _rules(listener: Resource, project: Project) -> Node | None:
    """A node that is known where it has rules of its own, one that is not where others may add some; else nothing."""
    found = companions(listener, _RULES, ["listener_arn"], project)
    if found.found:
        return Node("a rule", listener.node.source, listener.span)
    doubt = next((node for node in found.doubts if node.expression), None)
    if doubt is not None:
        return doubt
    for kind in _RULES:
        for each in of_type(kind, project):
            node = each.node["listener_arn"]
            if node.expression and not any("listener" in target.address for target in targets(each, "listener_arn")):
                return node
    return None
